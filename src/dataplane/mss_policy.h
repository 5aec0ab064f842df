// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace lbd {

/// What a service does about the maximum segment size that clients announce (RFC 9293 3.7.1).
struct MssPolicy {
  enum class Kind : uint8_t {
    kAuto,   // at most what fits into the tunnel to the server
    kOff,    // nothing
    kFixed,  // at most `value`
  };
  Kind kind = Kind::kAuto;
  uint16_t value = 0;
  bool operator==(const MssPolicy&) const = default;
};

}  // namespace lbd
