// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "dataplane/packet.h"

namespace lbd {

/// Whether the transport checksum is right; by the device's word or by summing up. To be asked
/// before a packet changes state: segments that change nothing are left to the real server.
bool l4_checksum_valid(const Packet& packet);

/// Writes the checksum of an ICMP or ICMPv6 message.
void write_icmp_checksum(const Packet& packet);
/// The same of a whole UDP datagram.
void write_udp_checksum(const Packet& packet);

/// The ones' complement sum over the IP packet, for a checksum that is put around it. The transport
/// part is not read where its own checksum tells what it sums up to; if that is wrong, the sum is.
uint64_t packet_sum(const Packet& packet);

}  // namespace lbd
