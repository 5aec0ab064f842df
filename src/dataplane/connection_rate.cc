// SPDX-License-Identifier: Apache-2.0
#include "dataplane/connection_rate.h"

#include <algorithm>

namespace lbd {

bool SharedBucket::take(uint64_t now, uint64_t rate, uint64_t hz) {
  const uint64_t cost = std::max<uint64_t>(hz / rate, 1);
  uint64_t full_at = full_at_.load(std::memory_order_relaxed);
  uint64_t next;
  do {
    next = std::max(full_at, now) + cost;
    if (next - now > cost * rate) return false;
  } while (!full_at_.compare_exchange_weak(full_at, next, std::memory_order_relaxed));
  return true;
}

bool SharedBucket::is_full(uint64_t now) const {
  return full_at_.load(std::memory_order_relaxed) <= now;
}

bool ClientBuckets::take(uint64_t client, uint64_t now, uint64_t rate, uint64_t hz) {
  Slot* slots = &slots_[(client & (slots_.size() - 1)) & ~(kWays - 1ull)];
  const uint64_t key = client | 1;  // 0: free
  for (uint32_t tries = 0; tries < kWays; ++tries) {
    Slot* room = nullptr;
    uint64_t seen = 0;
    for (uint32_t way = 0; way < kWays; ++way) {
      const uint64_t word = slots[way].client.load(std::memory_order_relaxed);
      if (word == key) return slots[way].bucket.take(now, rate, hz);
      if (room != nullptr || (word != 0 && !slots[way].bucket.is_full(now))) continue;
      room = &slots[way];
      seen = word;
    }
    if (room == nullptr) return true;
    // Two workers that see the same client first try the same slot: one takes it, the other finds
    // it.
    if (room->client.compare_exchange_strong(seen, key)) return room->bucket.take(now, rate, hz);
  }
  return true;
}

}  // namespace lbd
