// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "dataplane/ids.h"
#include "dataplane/tick.h"

namespace lbd {

/// Which servers a destination address was sent to, of one service, for all workers; it outlives
/// publishing. A cache: fields are single words that any worker writes, and where two write at once
/// one of them is forgotten.
class LocalityTable {
 public:
  static constexpr unsigned kServers = 8;  // of one destination, for lblcr

  struct Entry {
    std::atomic<uint64_t> key{0};  // hash of the address; 0: free
    std::atomic<Tick> used{0};
    std::atomic<Tick> changed{0};                         // when the set of servers last was
    std::array<std::atomic<ServerId>, kServers> servers;  // kNoId: none
  };

  LocalityTable();
  /// The entry of a hash, or null where there is none or it was not used for 24 h.
  Entry* find(uint64_t hash, Tick now);
  /// A fresh one, in the place of a free, an expired or the longest unused one.
  Entry& insert(uint64_t hash, Tick now);

 private:
  static constexpr unsigned kWays = 4;
  static constexpr unsigned kSets = 1024;
  Entry* set_of(uint64_t hash) { return &entries_[(hash & (kSets - 1)) * kWays]; }

  std::vector<Entry> entries_;
};

/// Of entries since their last use, and of sets of servers since their last change: lblc_expiration
/// and lblcr_expiration of IPVS.
inline constexpr Tick kLocalityLife = ticks_for_timeout(24ull * 3'600'000);

}  // namespace lbd
