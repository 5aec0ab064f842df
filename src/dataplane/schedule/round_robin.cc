// SPDX-License-Identifier: Apache-2.0
#include "dataplane/schedule/round_robin.h"

namespace lbd {

RoundRobin::RoundRobin(std::span<const Candidate> candidates, unsigned worker) : list_(candidates) {
  if (!list_.empty()) next_ = worker % list_.size();
}

const Candidate* RoundRobin::pick(const NewFlow& flow) {
  for (uint32_t i = 0; i < list_.size(); ++i) {
    const Candidate* picked = &list_[next_];
    if (++next_ == list_.size()) next_ = 0;
    if (!is_out(*picked, flow)) return picked;
  }
  return nullptr;
}

void RoundRobin::adopt(const RoundRobin& old) {
  const uint32_t size = old.list_.size();
  uint32_t nearest = size;  // how many turns away in the old list
  list_.for_each_common(old.list_, [&](uint32_t before, uint32_t here) {
    const uint32_t turns = before >= old.next_ ? before - old.next_ : before + size - old.next_;
    if (turns >= nearest) return;
    nearest = turns;
    next_ = here;
  });
}

}  // namespace lbd
