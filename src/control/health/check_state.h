// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

// One check's state, free of sockets and of any clock of its own.
namespace lbd::health {

using Time = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

/// How soon at most a check that rested begins once it may.
inline constexpr milliseconds kPause{500};

enum class Verdict : uint8_t {
  kUnknown,  // no result yet that decides
  kUp,
  kDown,
};

struct Timing {
  milliseconds interval{6'000};
  milliseconds retry_delay{1'000};
  unsigned retries = 1;  // failures in a row beyond this many are down
  unsigned rise = 1;     // successes in a row that are up
};

/// When a check runs, and what its results mean.
///
/// Theory. A check runs at a fixed rate: once every interval, counted from when it was due and not
/// from when it ended, so that checks keep the distance to each other in which they were spread.
/// After a failure that does not decide yet it runs again after retry_delay. Up after `rise`
/// successes in a row, down after retries + 1 failures in a row. So a server that falls silent is
/// down after at most interval + (retries + 1) * timeout + retries * retry_delay.
class CheckState {
 public:
  CheckState(const Timing& timing, Verdict initial, Time first_due)
      : timing_(timing), verdict_(initial), due_(first_due) {}

  Verdict verdict() const { return verdict_; }
  Time due() const { return due_; }
  /// Failures in a row.
  unsigned failures() const { return failures_; }

  /// The run that was due has ended. True where the verdict changed.
  bool result(bool success, Time now);
  /// The run could not be made, through no fault of the server: it is made again after retry_delay,
  /// but not at once.
  void postpone(Time now) {
    due_ = now + std::max(timing_.retry_delay, std::min(timing_.interval, kPause));
  }
  /// The check rests, and is asked again after its interval or kPause, whichever is less.
  void pause(Time now) { due_ = now + std::min(timing_.interval, kPause); }
  /// How far the last due time lies back of when the run began, for the lateness that is shown.
  milliseconds lateness(Time begun) const;

 private:
  Timing timing_;
  Verdict verdict_;
  Time due_;
  unsigned failures_ = 0;
  unsigned successes_ = 0;
};

/// The first run of the `index`-th of all checks: spread evenly over the interval however many
/// there are (fractional parts of multiples of the golden ratio).
Time first_due(Time now, milliseconds interval, uint64_t index);

}  // namespace lbd::health
