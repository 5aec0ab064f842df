// SPDX-License-Identifier: Apache-2.0
#include "dataplane/schedule/failover.h"

#include <algorithm>

namespace lbd {

Failover::Failover(std::span<const Candidate> candidates)
    : by_weight_(candidates.begin(), candidates.end()) {
  std::ranges::stable_sort(by_weight_, std::ranges::greater{}, &Candidate::weight);
}

const Candidate* Failover::pick(const NewFlow& flow) const {
  for (const Candidate& candidate : by_weight_)
    if (!is_out(candidate, flow)) return &candidate;
  return nullptr;
}

}  // namespace lbd
