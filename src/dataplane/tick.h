// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// A worker's clock: ticks of 64 ms since the process started. 32 bits last for eight years; they
// are compared by difference all the same.
namespace lbd {

using Tick = uint32_t;
inline constexpr uint32_t kTickMs = 64;

/// True where `a` is at or after `b` (they must lie less than four years apart).
constexpr bool tick_reached(Tick a, Tick b) {
  return static_cast<int32_t>(a - b) >= 0;
}

/// How long ago `then` was; 0 where it lies ahead. Workers read the time once a burst, so what
/// another one wrote may be a tick ahead of a worker's own clock.
constexpr Tick ticks_since(Tick then, Tick now) {
  return tick_reached(now, then) ? now - then : 0;
}

/// A time-out as the number of ticks to add to a last-seen tick. One more than the quotient rounded
/// up, because the last-seen tick had begun up to a whole tick before its packet: never early, late
/// by less than two ticks.
constexpr Tick ticks_for_timeout(uint64_t milliseconds) {
  return static_cast<Tick>((milliseconds + kTickMs - 1) / kTickMs + 1);
}

}  // namespace lbd
