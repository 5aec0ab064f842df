// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/flow_bucket.h"

// The index of the connection table: a partial-key cuckoo hash table (Fan et al., "Cuckoo Filter",
// CoNEXT 2014) from 64-bit hashes to connection ids.
//
// Theory. A flow may lie in two buckets: its first one, given by the low half of the hash, and its
// second one, computed from the first (or the first from the second) and the fingerprint, the high
// half, alone. So an entry can be moved without a look at its connection. An insertion that finds
// both buckets full looks breadth-first for the shortest chain of moves that frees a place; with
// eight slots a bucket this works beyond 95 % load, which the size of the index never exceeds.
// Each bucket counts what it sent to second buckets, so that a miss reads a second bucket only
// where there may be something to find.
namespace lbd {

class FlowIndex {
 public:
  /// A power of two, at least 2, such that `capacity` entries are at most 95 % of all slots.
  static uint32_t buckets_for(uint32_t capacity);

  FlowIndex() = default;
  /// `buckets`: zeroed, a count from buckets_for(). Not owned.
  FlowIndex(FlowBucket* buckets, uint32_t count) : buckets_(buckets), mask_(count - 1) {}

  static uint32_t fingerprint(uint64_t hash) {
    const uint32_t high = static_cast<uint32_t>(hash >> 32);
    return high == 0 ? 1 : high;
  }
  uint32_t first(uint64_t hash) const { return static_cast<uint32_t>(hash) & mask_; }
  /// The other of the two buckets of an entry in `bucket`.
  uint32_t other(uint32_t bucket, uint32_t fingerprint) const {
    return bucket ^ ((static_cast<uint32_t>(fingerprint * kSpread >> 32) | 1) & mask_);
  }
  const FlowBucket& bucket(uint32_t number) const { return buckets_[number]; }

  /// Enters an id. False where no chain of moves was found within bounds: then nothing changed.
  bool insert(uint64_t hash, uint32_t id);
  /// Removes an entry; false where it is not there.
  bool erase(uint64_t hash, uint32_t id);
  /// The id of some entry with the hash's fingerprint in one of its buckets, or kNone: for those
  /// who have no key to compare.
  static constexpr uint32_t kNone = 0xffffffffu;
  uint32_t find(uint64_t hash) const;

 private:
  struct Place {
    uint32_t bucket;
    uint32_t slot;
  };
  struct Step;

  static constexpr uint64_t kSpread = 0x9e3779b97f4a7c15ull;
  static constexpr uint32_t kMaxSteps = 256;  // buckets looked at for one insertion

  bool make_room(uint32_t first, uint32_t second, Place& room);
  Place move_chain(const Step* steps, uint32_t last, Place hole);
  void move(Place from, Place to);
  bool erase_in(uint32_t number, uint32_t fingerprint, uint32_t id);

  FlowBucket* buckets_ = nullptr;
  uint32_t mask_ = 0;
};

}  // namespace lbd
