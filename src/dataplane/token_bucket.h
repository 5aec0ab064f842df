// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

namespace lbd {

/// Lets `rate` events a second through, and `burst` at once after a pause. Time is any counter that
/// runs at `hz`. No division per event: tokens are kept in units of time.
class TokenBucket {
 public:
  TokenBucket(uint64_t rate, uint64_t burst, uint64_t hz)
      : cost_(std::max<uint64_t>(hz / rate, 1)), depth_(cost_ * burst), credit_(depth_) {}

  bool take(uint64_t now) {
    credit_ = std::min(depth_, credit_ + (now - last_));
    last_ = now;
    if (credit_ < cost_) return false;
    credit_ -= cost_;
    return true;
  }

 private:
  uint64_t cost_;
  uint64_t depth_;
  uint64_t credit_;
  uint64_t last_ = 0;
};

}  // namespace lbd
