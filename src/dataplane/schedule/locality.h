// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "dataplane/schedule/locality_table.h"
#include "dataplane/schedule/weighted_least_connection.h"

namespace lbd {

/// active / weight: the room that a server has.
struct RoomRule {
  static Cost cost(LoadWord word, uint32_t weight) { return {active_of(word), weight}; }
};

/// lblc and lblcr: what went to a destination address goes there again, for caches behind a
/// service of many addresses.
///
/// lblc (ip_vs_lblc.c): one server for a destination; while it has more active connections than
/// its weight and another has less than half of its own, wlc names another.
/// lblcr (ip_vs_lblcr.c): a set of servers, of which the least loaded gets the flow. It grows by
/// wlc in that same case (to LocalityTable::kServers at most), and loses its most loaded member
/// when it has not changed for kLocalityLife.
class Locality {
 public:
  Locality(bool replicate, std::span<const Candidate> candidates,
           std::shared_ptr<LocalityTable> table);

  /// nullptr: no server takes connections. O(log n) for each change since the pick before.
  const Candidate* pick(const NewFlow& flow);

 private:
  const Candidate* cached(LocalityTable::Entry& entry, const NewFlow& flow) const;
  bool is_overloaded(const Candidate& candidate, const NewFlow& flow);
  void remember(LocalityTable::Entry& entry, const Candidate& chosen, Tick now) const;
  void shed(LocalityTable::Entry& entry, const NewFlow& flow) const;

  bool replicate_;
  CandidateList list_;
  WeightedLeastConnection least_loaded_;
  LeastLoad<RoomRule> roomiest_;
  std::shared_ptr<LocalityTable> table_;
};

}  // namespace lbd
