// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataplane/schedule/openings.h"

namespace lbd {

/// rr: the next after the last.
class RoundRobin {
 public:
  RoundRobin(std::span<const Candidate> candidates, unsigned worker);

  /// nullptr: no server takes connections. O(1), and one more for each server that was
  /// found overloaded since it was last relieved.
  const Candidate* pick(const NewFlow& flow);
  /// Goes on where `old` would have gone on: at the first of its next servers that is still there.
  /// O(n), no memory.
  void adopt(const RoundRobin& old);

 private:
  CandidateList list_;
  Openings open_;
  uint32_t next_ = 0;
};

}  // namespace lbd
