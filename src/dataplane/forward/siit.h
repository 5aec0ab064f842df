// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "common/address.h"
#include "dataplane/connection.h"
#include "dataplane/packet.h"

// IP/ICMP translation (RFC 7915): one packet becomes a packet of the other IP version. Checksums
// are updated from what changed (RFC 1624), as in translate.h; the pseudo-headers of the two
// versions differ in the addresses alone.
//
// What the other version does not have, and what RFC 7915 leaves open:
// - IPv4 options and IPv6 extension headers do not go on, nor does the flow label.
// - DF is set where the IPv4 packet is above 1260 bytes (5.1): a path of fewer would else have an
//   IPv6 sender go below 1280, which it does not.
// - UDP over IPv4 without a checksum gets one (4.5), in fragments it is dropped.
namespace lbd {

/// Bytes of IP header, the IPv6 fragment header included, of what `packet` becomes. `as_fragment`:
/// of IPv6, although the packet is whole.
unsigned translated_header(const Packet& packet, bool as_fragment = false);

/// Makes a TCP or UDP packet, whole or a fragment, one of the other version, from the source of
/// `tuple` to its destination. Takes one off the TTL. `id`: the IPv4 identification, or that of an
/// IPv6 fragment, as IPv4 has it on the wire. kForwarded; else why not, and the packet is as it
/// was.
Verdict cross_families(Packet& packet, const FlowKey& tuple, uint16_t id, bool as_fragment = false);

/// Where an ICMP error goes, and what it is about there.
struct CrossedError {
  FlowKey quoted;  // the tuple that the quoted packet had on that side
  IpAddress source;
  IpAddress destination;
  uint16_t mtu;  // of the way on which the error leaves
};

/// The same of an ICMP error, which quotes a TCP or UDP packet, and of what it quotes (4.2 to 4.4,
/// 5.2 to 5.4). An MTU that it tells is made that of the other version, 20 bytes more or less.
/// Its checksum has been verified, and is made anew.
Verdict cross_error(Packet& packet, const CrossedError& error, uint16_t id);

}  // namespace lbd
