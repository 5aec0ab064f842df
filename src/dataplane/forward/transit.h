// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_mbuf.h>

#include <algorithm>

#include "common/wire.h"
#include "dataplane/packet.h"
#include "dataplane/reply.h"

// What a router does with every packet, whichever way it forwards it.
namespace lbd {

/// A packet whose TTL is used up, or that is longer than the way's MTU, is answered with an ICMP
/// error and not forwarded: false, and `packet.verdict` says which. The packet is still as it came.
inline bool may_pass(Packet& packet, uint16_t mtu, Replier& replier) {
  const auto* l3 = rte_pktmbuf_mtod_offset(packet.mbuf, const uint8_t*, Packet::kL3);
  const uint8_t ttl = l3[packet.family == Family::kIpv4 ? offsetof(wire::Ipv4, ttl)
                                                        : offsetof(wire::Ipv6, hop_limit)];
  if (ttl > 1 && packet.ip_length <= mtu) [[likely]]
    return true;
  if (ttl <= 1) {
    replier.time_exceeded(packet);
    packet.verdict = Verdict::kTtlExceeded;
  } else {
    replier.too_big(packet, mtu);
    packet.verdict = Verdict::kMtuExceeded;
  }
  return false;
}

/// What lies behind the IP packet is not forwarded, but for Ethernet's own padding.
inline void trim(Packet& packet) {
  constexpr uint32_t kLeastFrame = 60;  // without the frame check sequence
  const uint32_t frame = std::max(Packet::kL3 + packet.ip_length, kLeastFrame);
  if (packet.mbuf->pkt_len > frame && packet.mbuf->nb_segs == 1) [[unlikely]]
    rte_pktmbuf_trim(packet.mbuf, static_cast<uint16_t>(packet.mbuf->pkt_len - frame));
}

}  // namespace lbd
