// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "dataplane/schedule/locality_table.h"
#include "dataplane/schedule/weighted_least_connection.h"

namespace lbd {

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
  const CandidateList& list() const { return least_loaded_.list(); }
  using Slot = std::atomic<ServerId>;
  struct Known {
    const Candidate* best = nullptr;  // the least loaded one, or null where all are out
    Slot* room = nullptr;             // for one more, or null
  };
  Known known(LocalityTable::Entry& entry, const NewFlow& flow) const;
  void look(const NewFlow& flow);
  void remember(LocalityTable::Entry& entry, Slot* room, const Candidate& chosen, Tick now) const;
  Slot* shed(LocalityTable::Entry& entry, const NewFlow& flow) const;

  bool replicate_;
  WeightedLeastConnection least_loaded_;
  std::vector<uint8_t> roomy_;  // by position: less than half of its weight is active
  uint32_t roomy_count_;
  std::shared_ptr<LocalityTable> table_;
};

}  // namespace lbd
