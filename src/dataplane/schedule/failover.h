// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataplane/schedule/openings.h"

namespace lbd {

/// fo: the highest weight, the first of equal ones; the next lower one while that is overloaded.
class Failover {
 public:
  explicit Failover(std::span<const Candidate> candidates);

  /// nullptr: no server takes connections. O(1), and one more for each server that was
  /// found overloaded since it was last relieved.
  const Candidate* pick(const NewFlow& flow);

 private:
  CandidateList by_weight_;  // highest first
  Openings open_;
};

}  // namespace lbd
