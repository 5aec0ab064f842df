// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace lbd {

/// How the packets of a connection reach its real server. A connection keeps the method with which
/// it began, whatever a reload makes of its server.
enum class Forwarding : uint8_t {
  kDr,       // as they are, to the server's MAC address
  kTun,      // inside another IP packet, to the server's address
  kLocal,    // the real server is the director itself: to the kernel twin
  kNat,      // to the server's address; replies come back through the director
  kFullnat,  // as kNat, from an address of the director's own
};

/// The director sees both directions of a connection.
constexpr bool sees_replies(Forwarding method) {
  return method == Forwarding::kNat || method == Forwarding::kFullnat;
}

/// ipip: IP in IP (RFC 2003, 2473, 4213). gre: RFC 2784 without checksum, key and sequence number.
/// gue: Generic UDP Encapsulation, version 0 without extensions, the packet directly behind its
/// header (draft-ietf-intarea-gue; what Linux' fou decapsulates with `gue`).
enum class TunnelType : uint8_t { kIpip, kGre, kGue };

}  // namespace lbd
