// SPDX-License-Identifier: Apache-2.0
#include "dataplane/snapshot.h"

namespace lbd {

void make_schedules(Service& service, unsigned workers, const Service* before) {
  service.schedules.clear();
  if (service.persistence.on)
    service.members = CandidateList(service.candidates, CandidateList::Keep::kAll);
  if (service.limits.service != 0)
    service.bucket =
        before != nullptr && before->bucket ? before->bucket : std::make_shared<SharedBucket>();
  // What was shared by another kind or with other options is of no use.
  const bool same = before != nullptr && before->scheduler == service.scheduler &&
                    before->scheduler_options == service.scheduler_options;
  service.shared = make_shared_schedule(service.scheduler, service.scheduler_options,
                                        service.candidates, same ? &before->shared : nullptr,
                                        service.down);
  for (unsigned worker = 0; worker < workers; ++worker) {
    auto schedule = std::make_shared<WorkerSchedule>();
    schedule->state = make_state(service.scheduler, service.candidates, worker, service.shared);
    if (before != nullptr && worker < before->schedules.size()) {
      const auto& old = before->schedules[worker];
      if (old->adopted.load(std::memory_order_acquire)) {
        old->previous.reset();
        schedule->previous = old;
      } else {
        // The worker has never picked from the old list: its positions are those of an older one.
        schedule->previous = old->previous;
      }
    }
    service.schedules.push_back(std::move(schedule));
  }
}

const Candidate* pick(const Service& service, WorkerIndex worker, const NewFlow& flow) {
  WorkerSchedule& schedule = *service.schedules[worker];
  if (!schedule.adopted.load(std::memory_order_relaxed)) [[unlikely]] {
    if (schedule.previous) schedule.state->adopt(*schedule.previous->state);
    schedule.adopted.store(true, std::memory_order_release);
  }
  return schedule.state->pick(flow);
}

}  // namespace lbd
