// SPDX-License-Identifier: Apache-2.0
#include "dataplane/schedule/locality_table.h"

#include <algorithm>

namespace lbd {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

uint64_t key_of(uint64_t hash) {
  return hash | 1;
}

/// How long since its last use; a free entry is older than any.
Tick age(const LocalityTable::Entry& entry, Tick now) {
  return entry.key.load(kRelaxed) == 0 ? ~Tick{0} : ticks_since(entry.used.load(kRelaxed), now);
}

}  // namespace

LocalityTable::LocalityTable() : entries_(kSets * kWays) {
  for (Entry& entry : entries_)
    for (auto& server : entry.servers) server.store(kNoId, kRelaxed);
}

LocalityTable::Entry* LocalityTable::find(uint64_t hash, Tick now) {
  Entry* set = set_of(hash >> 1);
  for (unsigned way = 0; way < kWays; ++way)
    if (set[way].key.load(std::memory_order_acquire) == key_of(hash) &&
        age(set[way], now) < kLocalityLife)
      return &set[way];
  return nullptr;
}

LocalityTable::Entry& LocalityTable::insert(uint64_t hash, Tick now) {
  Entry* set = set_of(hash >> 1);
  Entry& entry = *std::max_element(set, set + kWays, [now](const Entry& a, const Entry& b) {
    return age(a, now) < age(b, now);
  });
  entry.key.store(0, kRelaxed);
  for (auto& server : entry.servers) server.store(kNoId, kRelaxed);
  entry.used.store(now, kRelaxed);
  entry.changed.store(now, kRelaxed);
  entry.key.store(key_of(hash), std::memory_order_release);
  return entry;
}

}  // namespace lbd
