// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace lbd {

/// One cache line of the connection table's index: eight pairs of fingerprint and connection id.
/// A fingerprint of 0 is an empty slot. An id's word also says in its top bit whether the entry
/// lies in its second bucket; bits 27..30 of the first two words together count the entries whose
/// first bucket is this one and which lie in their second. Once full (255) that count stays so: it
/// then only costs a look.
struct alignas(64) FlowBucket {
  static constexpr unsigned kSlots = 8;
  static constexpr unsigned kIdBits = 27;

  uint32_t fingerprint[kSlots];
  uint32_t word[kSlots];

  /// A bit for each slot with this fingerprint.
  uint32_t match(uint32_t wanted) const {
    const __m256i all = _mm256_load_si256(reinterpret_cast<const __m256i*>(fingerprint));
    const __m256i equal = _mm256_cmpeq_epi32(all, _mm256_set1_epi32(static_cast<int>(wanted)));
    return static_cast<uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(equal)));
  }
  /// The same without vectors: what match() is tested against.
  uint32_t match_scalar(uint32_t wanted) const {
    uint32_t mask = 0;
    for (unsigned slot = 0; slot < kSlots; ++slot)
      mask |= uint32_t{fingerprint[slot] == wanted} << slot;
    return mask;
  }

  uint32_t id(unsigned slot) const { return word[slot] & kIdMask; }
  bool is_displaced(unsigned slot) const { return word[slot] & kDisplaced; }
  bool has_overflow() const { return ((word[0] | word[1]) & kCountMask) != 0; }

  void set(unsigned slot, uint32_t new_fingerprint, uint32_t id, bool displaced) {
    fingerprint[slot] = new_fingerprint;
    word[slot] = (word[slot] & kCountMask) | id | (displaced ? kDisplaced : 0);
  }
  void clear(unsigned slot) { fingerprint[slot] = 0; }

  void add_overflow() {
    const uint32_t count = overflow();
    if (count < kMaxOverflow) set_overflow(count + 1);
  }
  void remove_overflow() {
    const uint32_t count = overflow();
    if (count < kMaxOverflow) set_overflow(count - 1);
  }

 private:
  static constexpr uint32_t kIdMask = (1u << kIdBits) - 1;
  static constexpr uint32_t kCountMask = 0xfu << kIdBits;
  static constexpr uint32_t kDisplaced = 1u << 31;
  static constexpr uint32_t kMaxOverflow = 255;

  uint32_t overflow() const {
    return (word[0] & kCountMask) >> kIdBits | (word[1] & kCountMask) >> kIdBits << 4;
  }
  void set_overflow(uint32_t count) {
    word[0] = (word[0] & ~kCountMask) | (count & 15) << kIdBits;
    word[1] = (word[1] & ~kCountMask) | count >> 4 << kIdBits;
  }
};
static_assert(sizeof(FlowBucket) == 64);

}  // namespace lbd
