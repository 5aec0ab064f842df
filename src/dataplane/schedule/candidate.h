// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/forward/method.h"
#include "dataplane/ids.h"

namespace lbd {

/// A real server that may be picked.
struct Candidate {
  ServerId server;
  uint32_t weight;  // 0..65535; 0: never picked
  NextHopId next_hop;
  Forwarding forwarding = Forwarding::kDr;
};

/// Exact counts over all workers, indexed by ServerId: active << 32 | inactive. Workers write them
/// when a connection opens, closes or changes class; any worker reads them.
using ConnectionCounts = const std::atomic<uint64_t>*;

/// The candidates with a weight, in the order of the configuration, and where each one stands by
/// server id. Immutable; made by the control side.
class CandidateList {
 public:
  explicit CandidateList(std::span<const Candidate> candidates);

  uint32_t size() const { return static_cast<uint32_t>(candidates_.size()); }
  bool empty() const { return candidates_.empty(); }
  const Candidate& operator[](uint32_t position) const { return candidates_[position]; }

  /// Calls f(position in `old`, position here) for each server in both: O(sizes), no memory.
  template <class F>
  void for_each_common(const CandidateList& old, F&& f) const {
    size_t mine = 0;
    size_t theirs = 0;
    while (mine < by_server_.size() && theirs < old.by_server_.size()) {
      const Place& a = by_server_[mine];
      const Place& b = old.by_server_[theirs];
      if (a.server == b.server) f(b.position, a.position);
      mine += a.server <= b.server;
      theirs += b.server <= a.server;
    }
  }

 private:
  struct Place {
    uint32_t server;
    uint32_t position;
  };
  std::vector<Candidate> candidates_;
  std::vector<Place> by_server_;  // sorted
};

}  // namespace lbd
