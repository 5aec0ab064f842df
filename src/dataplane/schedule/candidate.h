// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/connection.h"
#include "dataplane/connection_counts.h"
#include "dataplane/forward/method.h"
#include "dataplane/ids.h"
#include "dataplane/tick.h"

namespace lbd {

/// A real server that may be picked.
struct Candidate {
  ServerId server;
  uint32_t weight;  // 0..65535; 0: not picked
  NextHopId next_hop;
  Forwarding forwarding = Forwarding::kDr;
  /// The latest weight that was not 0: its place in a table of hashes.
  uint32_t table_weight = 1;
  /// Of address and port: the same on every director.
  uint64_t identity = 0;
  /// It has a maximum of connections: its overload counts.
  bool limited = false;
  /// It failed its checks, and has only its place in a table of hashes; its weight is 0.
  bool down = false;
  bool operator==(const Candidate&) const = default;
};

/// A new flow that wants a server.
struct NewFlow {
  const FlowKey& key;
  /// Read for what compares_loads() and for limited servers; may be null without both.
  const ConnectionCounts* counts;
  Tick now;
};

/// It takes no new connection now.
inline bool is_out(const Candidate& candidate, const NewFlow& flow) {
  return candidate.weight == 0 ||
         (candidate.limited && (flow.counts->get(candidate.server) & kOverloaded) != 0);
}

/// What must move before a server that is_out() can be in again, within one list of candidates.
inline uint64_t reliefs_of(const NewFlow& flow) {
  return flow.counts != nullptr ? flow.counts->reliefs() : 0;
}

/// The candidates in the order of the configuration, and where each one stands by server id.
/// Immutable; made by the control side.
class CandidateList {
 public:
  enum class Keep { kWeighted, kAll };
  /// kWeighted: those without weight are left out.
  explicit CandidateList(std::span<const Candidate> candidates, Keep keep = Keep::kWeighted);

  uint32_t size() const { return static_cast<uint32_t>(candidates_.size()); }
  bool empty() const { return candidates_.empty(); }
  const Candidate& operator[](uint32_t position) const { return candidates_[position]; }
  /// Null where the server is none of these. O(log n), O(1) where ids are consecutive.
  const Candidate* find(ServerId server) const;

  struct Place {
    ServerId server;
    uint32_t position;
  };
  /// Sorted by server.
  const std::vector<Place>& by_server() const { return by_server_; }

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
  std::vector<Candidate> candidates_;
  std::vector<Place> by_server_;
};

}  // namespace lbd
