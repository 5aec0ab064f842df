// SPDX-License-Identifier: Apache-2.0
#include "dataplane/forward/dr.h"

#include <rte_mbuf.h>

#include "common/checksum.h"
#include "common/wire.h"

namespace lbd {
namespace {

/// The TTL or hop limit, by reference.
uint8_t& ttl_of(const Packet& packet) {
  auto* l3 = rte_pktmbuf_mtod_offset(packet.mbuf, uint8_t*, Packet::kL3);
  return packet.family == Family::kIpv4 ? l3[offsetof(wire::Ipv4, ttl)]
                                        : l3[offsetof(wire::Ipv6, hop_limit)];
}

void decrement_ttl(const Packet& packet) {
  if (packet.family == Family::kIpv6) {
    --ttl_of(packet);
    return;
  }
  auto* ip = rte_pktmbuf_mtod_offset(packet.mbuf, wire::Ipv4*, Packet::kL3);
  const auto before = static_cast<uint16_t>(ip->ttl | ip->protocol << 8);  // as it lies in memory
  --ip->ttl;
  const auto after = static_cast<uint16_t>(ip->ttl | ip->protocol << 8);
  ip->checksum = Be16::from_raw(checksum::update(ip->checksum.raw(), before, after));
}

}  // namespace

bool DirectRouting::forward(Packet& packet, NextHopId next_hop) {
  if (ttl_of(packet) <= 1) [[unlikely]] {
    replier_.time_exceeded(packet);
    packet.verdict = Verdict::kTtlExceeded;
    return false;
  }
  const NextHop hop = context_.next_hops->get(next_hop);
  const uint16_t mtu = (*context_.ports)[hop.port].mtu;
  if (packet.ip_length > mtu) [[unlikely]] {
    replier_.too_big(packet, mtu);
    packet.verdict = Verdict::kMtuExceeded;
    return false;
  }
  decrement_ttl(packet);
  transmitter_.send(packet.mbuf, next_hop, packet.in);
  return true;
}

}  // namespace lbd
