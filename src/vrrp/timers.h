// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace lbd::vrrp {

/// A point of the monotonic clock, and a length of time.
using Time = std::chrono::nanoseconds;
inline constexpr Time kNever = Time::max();

constexpr Time centiseconds(uint32_t count) {
  return std::chrono::milliseconds(10) * count;
}

/// How long lower priorities wait more than higher ones. Version 2: (256 - priority) / 256 s
/// (RFC 3768 6.1). Version 3: (256 - priority) * Master_Adver_Interval / 256 (RFC 9568 6.1).
constexpr Time skew_time(uint8_t version, uint8_t priority, Time master_interval) {
  const Time unit = version == 2 ? std::chrono::seconds(1) : master_interval;
  return unit * (256 - priority) / 256;
}

/// Master_Down_Interval: `down_after` intervals (3 in the RFCs) and the skew time.
constexpr Time master_down_interval(uint8_t version, uint8_t priority, Time master_interval,
                                    unsigned down_after) {
  return master_interval * down_after + skew_time(version, priority, master_interval);
}

/// How late timers were acted upon.
struct Lateness {
  /// Upper bounds of the classes in milliseconds; what is later is in one more.
  static constexpr std::array<unsigned, 7> kBounds{1, 2, 5, 10, 20, 50, 100};

  void add(Time late) {
    if (late > most) most = late;
    size_t slot = 0;
    while (slot < kBounds.size() && late > std::chrono::milliseconds(kBounds[slot])) ++slot;
    ++counts[slot];
  }

  std::array<uint64_t, kBounds.size() + 1> counts{};
  Time most{0};
};

}  // namespace lbd::vrrp
