// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/dataplane.h"

namespace lbd {

/// How busy each worker was between the last two samples.
class BusyMeter {
 public:
  explicit BusyMeter(const Dataplane& dataplane)
      : dataplane_(dataplane), samples_(dataplane.workers()) {}

  /// To be called about once a second.
  void sample() {
    for (unsigned worker = 0; worker < samples_.size(); ++worker) {
      const WorkerCounters& counters = dataplane_.counters(static_cast<WorkerIndex>(worker));
      Sample& last = samples_[worker];
      const uint64_t busy = counters.busy_cycles.get();
      const uint64_t total = counters.total_cycles.get();
      if (total > last.total)
        last.percent =
            100.0 * static_cast<double>(busy - last.busy) / static_cast<double>(total - last.total);
      last.busy = busy;
      last.total = total;
    }
  }
  /// 0..100: the share of its time in loops that had work.
  double percent(WorkerIndex worker) const { return samples_[worker].percent; }

 private:
  struct Sample {
    uint64_t busy = 0;
    uint64_t total = 0;
    double percent = 0;
  };
  const Dataplane& dataplane_;
  std::vector<Sample> samples_;
};

}  // namespace lbd
