// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <variant>

#include "dataplane/schedule/candidate.h"
#include "dataplane/schedule/least_connection.h"
#include "dataplane/schedule/round_robin.h"
#include "dataplane/schedule/weighted_round_robin.h"

// Schedulers: which real server a new connection gets. The control side makes a state for each
// worker and list (make_state). The worker, which may not allocate, carries its positions over
// before it first picks from a new list (adopt); who publishes that list keeps the old state alive
// until then.
namespace lbd {

enum class SchedulerKind : uint8_t { kRr, kWrr, kLc };

/// One worker's scheduler for one list of candidates. Made by the control side, then that worker's.
class ScheduleState {
 public:
  ScheduleState(SchedulerKind kind, std::span<const Candidate> candidates, unsigned worker);

  SchedulerKind kind() const { return static_cast<SchedulerKind>(scheduler_.index()); }

  /// nullptr: no candidate has a weight. `counts` is only read by lc.
  const Candidate* pick(ConnectionCounts counts) {
    switch (scheduler_.index()) {
      case 0:
        return std::get_if<0>(&scheduler_)->pick();
      case 1:
        return std::get_if<1>(&scheduler_)->pick();
      default:
        return std::get_if<2>(&scheduler_)->pick(counts);
    }
  }

  /// Takes over the positions of this worker's state for the list before. Another kind's state is
  /// ignored. O(n), no memory.
  void adopt(const ScheduleState& old);

 private:
  std::variant<RoundRobin, WeightedRoundRobin, LeastConnection> scheduler_;
};

/// Candidates without weight are left out. Workers begin at different places, by their index.
std::unique_ptr<ScheduleState> make_state(SchedulerKind kind, std::span<const Candidate> candidates,
                                          unsigned worker_index);

}  // namespace lbd
