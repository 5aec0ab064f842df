// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace lbd::loadgen {

/// A histogram of times in clock ticks: 16 buckets for each power of two, so a percentile is
/// exact to 1/16.
class LatencyHistogram {
 public:
  void add(uint64_t ticks) {
    ++buckets_[bucket(ticks)];
    ++count_;
  }
  void clear() { *this = LatencyHistogram(); }
  uint64_t count() const { return count_; }
  /// The upper edge of the bucket that holds the percentile, in ticks; 0 without samples.
  uint64_t percentile(double percent) const;

 private:
  static constexpr unsigned kSubBits = 4;
  static constexpr unsigned kSub = 1u << kSubBits;

  static unsigned bucket(uint64_t ticks) {
    if (ticks < kSub) return static_cast<unsigned>(ticks);
    const unsigned shift = static_cast<unsigned>(std::bit_width(ticks)) - kSubBits - 1;
    return (shift + 1) * kSub + static_cast<unsigned>((ticks >> shift) - kSub);
  }

  std::array<uint32_t, (64 - kSubBits + 1) * kSub> buckets_{};
  uint64_t count_ = 0;
};

}  // namespace lbd::loadgen
