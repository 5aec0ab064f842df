// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace lbd {

/// How the packets of a connection reach its real server. A connection keeps the method with which
/// it began.
enum class Forwarding : uint8_t {
  kDr,     // as they are, to the server's MAC address
  kLocal,  // the real server is the director itself: to the kernel twin
};

}  // namespace lbd
