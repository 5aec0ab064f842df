// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "common/address.h"
#include "options.h"

// How a frame is taken apart. All spans begin with an IP header.
namespace lbd::loadgen {

/// Where the parts of a packet lie; `ip` is null if it has another shape.
struct Parts {
  const uint8_t* ip = nullptr;
  const uint8_t* addresses = nullptr;
  const uint8_t* l4 = nullptr;
  unsigned address_size = 0;
  uint32_t l4_length = 0;

  /// 0: source, 1: destination; here and below.
  IpAddress address(unsigned index) const;
  /// Host order; of TCP and UDP.
  uint16_t port(unsigned index) const;
};

/// A packet of this family and protocol with an L4 header of `l4_least` bytes at least. `whole`
/// becomes false where the shape is right and the lengths or an IPv4 header's checksum are not.
Parts dissect(std::span<const uint8_t> packet, bool v4, uint8_t protocol, uint32_t l4_least,
              bool& whole);

/// True where the transport checksum is right, or is none (UDP over IPv4).
bool checksum_valid(const Parts& parts, uint8_t protocol);

/// Bytes that the method puts between Ethernet's header and the client's packet.
uint32_t tunnel_overhead(Method method, bool v4);

/// What a tunnel of this method carries, both packets of one family; empty if it is another packet.
/// `whole` as above, for the outer headers.
std::span<const uint8_t> unwrap(std::span<const uint8_t> packet, Method method, bool v4,
                                bool& whole);

}  // namespace lbd::loadgen
