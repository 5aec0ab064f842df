// SPDX-License-Identifier: Apache-2.0
#include "dataplane/snapshot.h"

namespace lbd {

void make_schedules(Service& service, unsigned workers, const Service* before) {
  service.schedules.clear();
  for (unsigned worker = 0; worker < workers; ++worker) {
    auto schedule = std::make_shared<WorkerSchedule>();
    schedule->state = make_state(service.scheduler, service.candidates, worker);
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

const Candidate* pick(const Service& service, WorkerIndex worker, ConnectionCounts counts) {
  WorkerSchedule& schedule = *service.schedules[worker];
  if (!schedule.adopted.load(std::memory_order_relaxed)) [[unlikely]] {
    if (schedule.previous) schedule.state->adopt(*schedule.previous->state);
    schedule.adopted.store(true, std::memory_order_release);
  }
  return schedule.state->pick(counts);
}

}  // namespace lbd
