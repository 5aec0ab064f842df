// SPDX-License-Identifier: Apache-2.0
#include "latency.h"

namespace lbd::loadgen {

uint64_t LatencyHistogram::percentile(double percent) const {
  const double wanted = static_cast<double>(count_) * percent / 100;
  uint64_t seen = 0;
  for (unsigned i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen == 0 || static_cast<double>(seen) < wanted) continue;
    if (i < kSub) return i;
    const unsigned shift = i / kSub - 1;
    return ((uint64_t{i % kSub} + kSub + 1) << shift) - 1;
  }
  return 0;
}

}  // namespace lbd::loadgen
