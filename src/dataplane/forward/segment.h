// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_mbuf.h>

#include <cstdint>
#include <span>

#include "common/wire.h"
#include "dataplane/packet.h"

// Changes of a TCP segment on its way, with its checksums updated from what changed (RFC 1624), so
// that a wrong one stays wrong.
namespace lbd {

inline wire::Tcp* tcp_of(const Packet& packet) {
  return rte_pktmbuf_mtod_offset(packet.mbuf, wire::Tcp*, packet.l4);
}

/// Whether `bytes` more can be put in at offset `at` of the frame.
inline bool has_room(const Packet& packet, unsigned at, unsigned bytes) {
  return at <= packet.mbuf->data_len && rte_pktmbuf_headroom(packet.mbuf) >= bytes;
}

/// Puts bytes, an even number of them, in at offset `at` of the frame, behind the fixed TCP header.
/// There is room. What lies in front moves.
void insert(Packet& packet, unsigned at, std::span<const uint8_t> bytes);

/// Leaves nothing but the headers of a segment, without FIN, PSH and URG. Its checksum has been
/// verified, and is made anew.
void cut_data(Packet& packet);

/// Four bytes of the TCP header or its options, at any place; `host`: in host order.
void set_number(wire::Tcp* tcp, void* field, uint32_t host);

}  // namespace lbd
