// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/address.h"
#include "dataplane/packet.h"
#include "dataplane/virtual_macs.h"

namespace lbd {

/// Reads a frame and checks every claim before it is believed: lengths, header lengths, extension
/// headers, the IPv4 header checksum where the device did not. Fills `packet` but for `in`, and
/// `key` where the packet is a flow. `packet.mbuf` is set by the caller. Only the first segment is
/// looked at: headers must lie in it.
void parse(Packet& packet, FlowKey& key, const MacAddress& port_mac,
           const VirtualMacs& virtual_macs);

/// Whether the transport checksum is right; by the device's word or by summing up. To be asked
/// before a packet changes state: segments that change nothing are left to the real server.
bool l4_checksum_valid(const Packet& packet);

/// Writes the checksum of an ICMP or ICMPv6 message.
void write_icmp_checksum(const Packet& packet);

/// The ones' complement sum over the IP packet, for a checksum that is put around it. The transport
/// part is not read where its own checksum tells what it sums up to; if that is wrong, the sum is.
uint64_t packet_sum(const Packet& packet);

}  // namespace lbd
