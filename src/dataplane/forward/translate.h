// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "dataplane/connection.h"
#include "dataplane/packet.h"

// Network address translation of one packet, with its checksums updated from what changed
// (RFC 1624), so that a wrong one stays wrong and data are not read.
namespace lbd {

/// Gives a whole TCP, UDP or SCTP packet addresses and ports: those of `opposite` the other way
/// round (destination and source), that is what goes towards where `opposite` comes from. Takes one
/// off the TTL. A UDP packet without a checksum stays without.
void translate(const Packet& packet, const FlowKey& opposite);

/// Gives a fragment that is not the first the addresses alone.
void translate_fragment(const Packet& packet, const FlowKey& opposite);

/// Another identification of an IPv4 packet, as on the wire.
void set_identification(const Packet& packet, uint16_t id);

/// The same for the packet that an ICMP error quotes, which went from `tuple`'s source to its
/// destination: no TTL is touched, and only as much of the transport header as was quoted.
/// The ICMP message's own checksum is made anew. The packet's own addresses become `source` (null:
/// as it is) and `destination`, its TTL one less.
void translate_error(const Packet& packet, const FlowKey& tuple, const IpAddress* source,
                     const IpAddress& destination);

}  // namespace lbd
