// SPDX-License-Identifier: Apache-2.0
#include "dataplane/schedule/scheduler.h"

namespace lbd {
namespace {

using AnyScheduler = std::variant<RoundRobin, WeightedRoundRobin, LeastConnection>;

AnyScheduler make(SchedulerKind kind, std::span<const Candidate> candidates, unsigned worker) {
  switch (kind) {
    case SchedulerKind::kRr:
      return RoundRobin(candidates, worker);
    case SchedulerKind::kWrr:
      return WeightedRoundRobin(candidates, worker);
    case SchedulerKind::kLc:
      break;
  }
  return LeastConnection(candidates);
}

}  // namespace

ScheduleState::ScheduleState(SchedulerKind kind, std::span<const Candidate> candidates,
                             unsigned worker)
    : scheduler_(make(kind, candidates, worker)) {}

void ScheduleState::adopt(const ScheduleState& old) {
  if (auto* rr = std::get_if<RoundRobin>(&scheduler_)) {
    if (const auto* before = std::get_if<RoundRobin>(&old.scheduler_)) rr->adopt(*before);
  } else if (auto* wrr = std::get_if<WeightedRoundRobin>(&scheduler_)) {
    if (const auto* before = std::get_if<WeightedRoundRobin>(&old.scheduler_)) wrr->adopt(*before);
  }
}

std::unique_ptr<ScheduleState> make_state(SchedulerKind kind, std::span<const Candidate> candidates,
                                          unsigned worker_index) {
  return std::make_unique<ScheduleState>(kind, candidates, worker_index);
}

}  // namespace lbd
