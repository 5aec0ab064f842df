// SPDX-License-Identifier: Apache-2.0
#include "dataplane/schedule/scheduler.h"

namespace lbd {

SharedSchedule make_shared_schedule(SchedulerKind kind, const SchedulerOptions& options,
                                    std::span<const Candidate> candidates,
                                    const SharedSchedule* before, std::span<const Candidate> down) {
  SharedSchedule out;
  switch (kind) {
    case SchedulerKind::kSh:
    case SchedulerKind::kDh:
    case SchedulerKind::kMh:
      out.buckets = std::make_shared<const BucketTable>(
          kind, options, candidates, down, before != nullptr ? before->buckets.get() : nullptr);
      break;
    case SchedulerKind::kLblc:
    case SchedulerKind::kLblcr:
      out.locality = before != nullptr && before->locality ? before->locality
                                                           : std::make_shared<LocalityTable>();
      break;
    default:
      break;
  }
  return out;
}

ScheduleState::AnyScheduler ScheduleState::make(SchedulerKind kind,
                                                std::span<const Candidate> candidates,
                                                unsigned worker, const SharedSchedule& shared) {
  switch (kind) {
    case SchedulerKind::kRr:
      return RoundRobin(candidates, worker);
    case SchedulerKind::kWrr:
      return WeightedRoundRobin(candidates, worker);
    case SchedulerKind::kLc:
      return LeastConnection(candidates);
    case SchedulerKind::kWlc:
      break;
    case SchedulerKind::kSed:
      return ShortestExpectedDelay(candidates);
    case SchedulerKind::kNq:
      return NeverQueue(candidates);
    case SchedulerKind::kFo:
      return Failover(candidates);
    case SchedulerKind::kOvf:
      return Overflow(candidates);
    case SchedulerKind::kTwos:
      return TwoChoices(candidates, worker);
    case SchedulerKind::kSh:
    case SchedulerKind::kDh:
    case SchedulerKind::kMh:
      return Hashed(shared.buckets);
    case SchedulerKind::kLblc:
    case SchedulerKind::kLblcr:
      return Locality(kind == SchedulerKind::kLblcr, candidates, shared.locality);
  }
  return WeightedLeastConnection(candidates);
}

ScheduleState::ScheduleState(SchedulerKind kind, std::span<const Candidate> candidates,
                             unsigned worker, const SharedSchedule& shared)
    : kind_(kind),
      // ovf passes over servers by their active connections, which no relief tells of.
      speaks_for_all_(kind != SchedulerKind::kOvf &&
                      (!shared.buckets || shared.buckets->falls_back())),
      scheduler_(make(kind, candidates, worker, shared)) {}

void ScheduleState::adopt(const ScheduleState& old) {
  if (auto* rr = std::get_if<RoundRobin>(&scheduler_)) {
    if (const auto* before = std::get_if<RoundRobin>(&old.scheduler_)) rr->adopt(*before);
  } else if (auto* wrr = std::get_if<WeightedRoundRobin>(&scheduler_)) {
    if (const auto* before = std::get_if<WeightedRoundRobin>(&old.scheduler_)) wrr->adopt(*before);
  }
}

std::unique_ptr<ScheduleState> make_state(SchedulerKind kind, std::span<const Candidate> candidates,
                                          unsigned worker_index, const SharedSchedule& shared) {
  return std::make_unique<ScheduleState>(kind, candidates, worker_index, shared);
}

}  // namespace lbd
