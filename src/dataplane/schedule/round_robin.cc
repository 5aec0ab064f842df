// SPDX-License-Identifier: Apache-2.0
#include "dataplane/schedule/round_robin.h"

namespace lbd {

RoundRobin::RoundRobin(std::span<const Candidate> candidates, unsigned worker)
    : list_(candidates), open_(list_) {
  if (!list_.empty()) next_ = worker % list_.size();
}

const Candidate* RoundRobin::pick(const NewFlow& flow) {
  open_.refresh(flow, list_);
  const uint32_t at = open_.take(next_, flow, list_);
  if (at == list_.size()) return nullptr;
  next_ = at + 1 == list_.size() ? 0 : at + 1;
  return &list_[at];
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
