// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataplane/schedule/candidate.h"

namespace lbd {

/// fo: the highest weight, the first of equal ones; the next lower one while that is overloaded.
class Failover {
 public:
  explicit Failover(std::span<const Candidate> candidates);

  /// nullptr: no server takes connections. O(1), and one more for each overloaded server before.
  const Candidate* pick(const NewFlow& flow) const;

 private:
  std::vector<Candidate> by_weight_;  // highest first
};

}  // namespace lbd
