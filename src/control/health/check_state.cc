// SPDX-License-Identifier: Apache-2.0
#include "control/health/check_state.h"

#include <algorithm>

namespace lbd::health {

bool CheckState::result(bool success, Time now) {
  const Verdict before = verdict_;
  failures_ = success ? 0 : failures_ + 1;
  successes_ = success ? successes_ + 1 : 0;
  if (success && successes_ >= timing_.rise) verdict_ = Verdict::kUp;
  if (!success && failures_ > timing_.retries) verdict_ = Verdict::kDown;
  const bool retry = !success && verdict_ != Verdict::kDown;
  if (retry) {
    due_ = now + timing_.retry_delay;
    return false;
  }
  // Runs that an earlier one has taken the time of are left out, the beat is kept.
  due_ += timing_.interval;
  if (due_ < now) due_ += (now - due_) / timing_.interval * timing_.interval + timing_.interval;
  return verdict_ != before;
}

milliseconds CheckState::lateness(Time begun) const {
  return std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(begun - due_));
}

Time first_due(Time now, milliseconds interval, uint64_t index) {
  constexpr uint64_t kGolden = 0x9e3779b97f4a7c15ull;  // 2^64 / the golden ratio
  const uint64_t fraction = (index * kGolden) >> 32;   // of 2^32
  return now + milliseconds(static_cast<int64_t>(
                   (static_cast<uint64_t>(interval.count()) * fraction) >> 32));
}

}  // namespace lbd::health
