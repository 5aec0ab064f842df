// SPDX-License-Identifier: Apache-2.0
#include "dataplane/schedule/failover.h"

#include <algorithm>

namespace lbd {
namespace {

CandidateList sorted_by_weight(std::span<const Candidate> candidates) {
  std::vector<Candidate> sorted(candidates.begin(), candidates.end());
  std::ranges::stable_sort(sorted, std::ranges::greater{}, &Candidate::weight);
  return CandidateList(sorted);
}

}  // namespace

Failover::Failover(std::span<const Candidate> candidates)
    : by_weight_(sorted_by_weight(candidates)), open_(by_weight_) {}

const Candidate* Failover::pick(const NewFlow& flow) {
  open_.refresh(flow, by_weight_);
  const uint32_t at = open_.take(0, flow, by_weight_);
  return at == by_weight_.size() ? nullptr : &by_weight_[at];
}

}  // namespace lbd
