// SPDX-License-Identifier: Apache-2.0
#include "dataplane/schedule/least_connection.h"

namespace lbd {

LeastConnection::LeastConnection(std::span<const Candidate> candidates) : list_(candidates) {}

const Candidate* LeastConnection::pick(ConnectionCounts counts) const {
  const Candidate* least = nullptr;
  uint64_t least_overhead = ~uint64_t{0};
  for (uint32_t i = 0; i < list_.size(); ++i) {
    const uint64_t count = counts[list_[i].server].load(std::memory_order_relaxed);
    const uint64_t overhead = (count >> 32) * 256 + (count & 0xffffffffu);
    if (overhead >= least_overhead) continue;
    least_overhead = overhead;
    least = &list_[i];
  }
  return least;
}

}  // namespace lbd
