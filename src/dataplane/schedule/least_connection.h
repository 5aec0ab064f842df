// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataplane/schedule/candidate.h"

namespace lbd {

/// lc: least active * 256 + inactive, the first wins ties (ip_vs_dest_conn_overhead() of IPVS).
class LeastConnection {
 public:
  explicit LeastConnection(std::span<const Candidate> candidates);

  /// nullptr: there is no server. O(n).
  const Candidate* pick(ConnectionCounts counts) const;

 private:
  CandidateList list_;
};

}  // namespace lbd
