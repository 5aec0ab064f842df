// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <variant>

#include "dataplane/schedule/bucket_table.h"
#include "dataplane/schedule/candidate.h"
#include "dataplane/schedule/failover.h"
#include "dataplane/schedule/kind.h"
#include "dataplane/schedule/least_connection.h"
#include "dataplane/schedule/locality.h"
#include "dataplane/schedule/never_queue.h"
#include "dataplane/schedule/overflow.h"
#include "dataplane/schedule/round_robin.h"
#include "dataplane/schedule/shortest_expected_delay.h"
#include "dataplane/schedule/two_choices.h"
#include "dataplane/schedule/weighted_least_connection.h"
#include "dataplane/schedule/weighted_round_robin.h"

// Schedulers: which real server a new connection gets. The control side makes a state for each
// worker and list (make_state). The worker, which may not allocate, carries its positions over
// before it first picks from a new list (adopt); who publishes that list keeps the old state alive
// until then.
namespace lbd {

/// What a service's workers share: buckets, or the memory of lblc and lblcr.
struct SharedSchedule {
  std::shared_ptr<const BucketTable> buckets;
  std::shared_ptr<LocalityTable> locality;
};

/// `before`: that of the same service's last list, or null. `down`: see BucketTable.
SharedSchedule make_shared_schedule(SchedulerKind kind, const SchedulerOptions& options,
                                    std::span<const Candidate> candidates,
                                    const SharedSchedule* before,
                                    std::span<const Candidate> down = {});

/// sh, dh, mh.
struct Hashed {
  explicit Hashed(std::shared_ptr<const BucketTable> shared)
      : table(std::move(shared)), open(table->list()) {}
  const Candidate* pick(const NewFlow& flow) { return table->pick(flow, open); }

  std::shared_ptr<const BucketTable> table;
  Openings open;
};

/// One worker's scheduler for one list of candidates. Made by the control side, then that worker's.
class ScheduleState {
 public:
  ScheduleState(SchedulerKind kind, std::span<const Candidate> candidates, unsigned worker,
                const SharedSchedule& shared);

  SchedulerKind kind() const { return kind_; }

  /// nullptr: no candidate takes connections. Once that is known it costs nothing until a server is
  /// relieved: a flood of SYNs to a service whose servers are full must not look at each of them.
  const Candidate* pick(const NewFlow& flow) {
    const uint64_t reliefs = reliefs_of(flow);
    if (reliefs == nobody_at_) return nullptr;
    const Candidate* picked =
        std::visit([&flow](auto& scheduler) { return scheduler.pick(flow); }, scheduler_);
    if (picked == nullptr && speaks_for_all_) [[unlikely]]
      nobody_at_ = reliefs;
    return picked;
  }

  /// Takes over the positions of this worker's state for the list before. Another kind's state is
  /// ignored. O(n), no memory.
  void adopt(const ScheduleState& old);

 private:
  using AnyScheduler = std::variant<RoundRobin, WeightedRoundRobin, LeastConnection,
                                    WeightedLeastConnection, ShortestExpectedDelay, NeverQueue,
                                    Failover, Overflow, TwoChoices, Hashed, Locality>;
  static AnyScheduler make(SchedulerKind kind, std::span<const Candidate> candidates,
                           unsigned worker, const SharedSchedule& shared);

  SchedulerKind kind_;
  /// It finds a server for a flow wherever there is one for any.
  bool speaks_for_all_;
  AnyScheduler scheduler_;
  uint64_t nobody_at_ = ~uint64_t{0};  // reliefs_of() when no server took connections
};

/// Workers begin at different places, by their index.
std::unique_ptr<ScheduleState> make_state(SchedulerKind kind, std::span<const Candidate> candidates,
                                          unsigned worker_index, const SharedSchedule& shared);

}  // namespace lbd
