// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace lbd {

/// How the packets of a connection reach its real server. A connection keeps the method with which
/// it began, whatever a reload makes of its server.
enum class Forwarding : uint8_t {
  kDr,       // as they are, to the server's MAC address
  kLocal,    // the real server is the director itself: to the kernel twin
  kNat,      // to the server's address; replies come back through the director
  kFullnat,  // as kNat, from an address of the director's own
};

/// The director sees both directions of a connection.
constexpr bool sees_replies(Forwarding method) {
  return method == Forwarding::kNat || method == Forwarding::kFullnat;
}

}  // namespace lbd
