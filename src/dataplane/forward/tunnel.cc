// SPDX-License-Identifier: Apache-2.0
#include "dataplane/forward/tunnel.h"

#include <rte_mbuf.h>

#include <algorithm>

#include "common/checksum.h"
#include "common/wire.h"
#include "dataplane/transport_checksum.h"

namespace lbd {
namespace {

/// RFC 8200 5: what every link under IPv6 takes.
constexpr uint32_t kLeastMtuV6 = 1280;
/// RFC 6335 6: ports for such use.
constexpr uint16_t kDynamicPorts = 0xc000;

uint8_t* l3_of(const Packet& packet) {
  return rte_pktmbuf_mtod_offset(packet.mbuf, uint8_t*, Packet::kL3);
}

void fill_v6(uint8_t* outer, uint8_t traffic_class, uint8_t hop_limit, uint32_t length,
             uint32_t flow_hash, const IpAddress& source) {
  auto* ip = reinterpret_cast<wire::Ipv6*>(outer);
  // RFC 6438 3: a flow label by which routers may spread flows.
  ip->version_class_flow = Be32(6u << 28 | uint32_t{traffic_class} << 20 | (flow_hash & 0xfffffu));
  ip->payload_length = Be16(static_cast<uint16_t>(length - sizeof(wire::Ipv6)));
  ip->hop_limit = hop_limit;
  std::memcpy(ip->source, source.data(), 16);
}

/// Over IPv4 gue goes without a checksum, as a tunnel may (RFC 768) and Linux' default is. Over
/// IPv6 it has one, because only a receiver that was told so takes packets without (RFC 6935).
void fill_udp(uint8_t* at, const wire::Ipv6* ip, uint32_t length, uint32_t flow_hash,
              const Packet& inner) {
  auto* udp = reinterpret_cast<wire::Udp*>(at);
  udp->source = Be16(static_cast<uint16_t>(kDynamicPorts | (flow_hash & 0x3fffu)));
  udp->length = Be16(static_cast<uint16_t>(length));
  if (ip == nullptr) return;
  const unsigned headers = sizeof(wire::Udp) + 4;
  uint64_t sum = checksum::pseudo_header(ip->source, 32, wire::kProtoUdp, length);
  sum = checksum::add(at, headers, sum) + packet_sum(inner);
  const auto folded = static_cast<uint16_t>(~checksum::fold(sum));
  udp->checksum = Be16::from_raw(folded == 0 ? 0xffff : folded);  // RFC 768
}

}  // namespace

uint32_t tunnel_mtu(const Encapsulation& tunnel, Family inner, uint32_t port_mtu, Tick now) {
  uint32_t path = tunnel.path_mtu.get(now);
  // RFC 4213 3.2: a router in between may cut what carries a packet of 1280 bytes.
  if (inner == Family::kIpv6 && tunnel.family() == Family::kIpv4)
    path = std::max(path, kLeastMtuV6 + tunnel.overhead());
  const uint32_t mtu = std::min(port_mtu, path);
  return mtu > tunnel.overhead() ? mtu - tunnel.overhead() : 0;
}

bool Tunnel::refuse(Packet& packet, Verdict verdict, uint32_t mtu) {
  packet.verdict = verdict;
  if (verdict == Verdict::kTtlExceeded) replier_.time_exceeded(packet);
  if (verdict == Verdict::kMtuExceeded) {
    // RFC 8201 4: nobody believes less.
    if (packet.family == Family::kIpv6) mtu = std::max(mtu, kLeastMtuV6);
    replier_.too_big(packet, static_cast<uint16_t>(mtu));
  }
  return false;
}

/// Takes one off the TTL.
Tunnel::Inner Tunnel::take_hop(const Packet& packet) {
  if (packet.family == Family::kIpv4) {
    auto* ip = reinterpret_cast<wire::Ipv4*>(l3_of(packet));
    const uint32_t sum = ip->checksum.raw() + 1u;  // as in DirectRouting::forward
    ip->checksum = Be16::from_raw(static_cast<uint16_t>(sum + (sum >= 0xffff)));
    --ip->ttl;
    return {ip->tos, ip->ttl, ip->dont_fragment()};
  }
  auto* ip = reinterpret_cast<wire::Ipv6*>(l3_of(packet));
  --ip->hop_limit;
  const auto traffic_class = static_cast<uint8_t>(ip->version_class_flow.host() >> 20);
  return {traffic_class, ip->hop_limit, packet.ip_length > kLeastMtuV6};
}

void Tunnel::fill_v4(uint8_t* outer, const Inner& inner, uint32_t length, const IpAddress& source) {
  const auto half = [](unsigned value) {
    return uint32_t{Be16(static_cast<uint16_t>(value)).raw()};
  };
  // As words, for the checksum: reading back what was written byte by byte would wait for it.
  std::array<uint32_t, 5> words;
  words[0] = 0x45u | uint32_t{inner.tos} << 8 | half(length) << 16;
  words[1] = half(id_) | half(inner.dont_fragment ? 0x4000 : 0) << 16;
  words[2] = inner.ttl | uint32_t{outer[offsetof(wire::Ipv4, protocol)]} << 8;
  std::memcpy(&words[3], source.data(), 4);
  std::memcpy(&words[4], outer + offsetof(wire::Ipv4, destination), 4);
  const uint64_t sum = uint64_t{words[0]} + words[1] + words[2] + words[3] + words[4];
  words[2] |= uint32_t{static_cast<uint16_t>(~checksum::fold(sum))} << 16;
  std::memcpy(outer, words.data(), sizeof(words));
  id_ = static_cast<uint16_t>(id_ + context_.workers);
}

bool Tunnel::forward(Packet& packet, const Encapsulation& tunnel, NextHopId next_hop,
                     uint32_t flow_hash) {
  const uint64_t word = context_.next_hops->word(next_hop);
  const uint8_t ttl =
      l3_of(packet)[packet.family == Family::kIpv4 ? offsetof(wire::Ipv4, ttl)
                                                   : offsetof(wire::Ipv6, hop_limit)];
  const uint32_t mtu = tunnel_mtu(tunnel, packet.family, transmitter_.mtu(word), context_.now);
  if (ttl <= 1) return refuse(packet, Verdict::kTtlExceeded, 0);
  if (packet.ip_length > mtu) return refuse(packet, Verdict::kMtuExceeded, mtu);
  const bool outer_v4 = tunnel.family() == Family::kIpv4;
  const PortAddresses& own = context_.snapshot->tunnel_sources[next_hop_port(word)];
  const auto& source = outer_v4 ? own.ipv4 : own.ipv6;
  if (!source) return refuse(packet, Verdict::kNoRoute, 0);
  // The template is copied as a whole; what it holds before its own Ethernet header is overwritten
  // headroom.
  if (rte_pktmbuf_headroom(packet.mbuf) < Encapsulation::kRoom)
    return refuse(packet, Verdict::kNoHeadroom, 0);

  const Inner inner = take_hop(packet);
  const unsigned overhead = tunnel.overhead();
  const uint32_t length = packet.ip_length + overhead;
  uint8_t* const inner_at = l3_of(packet);
  uint8_t* const outer = inner_at - overhead;
  std::memcpy(inner_at - Encapsulation::kRoom, tunnel.room(packet.family).data(),
              Encapsulation::kRoom);
  if (outer_v4)
    fill_v4(outer, inner, length, *source);
  else
    fill_v6(outer, inner.tos, inner.ttl, length, flow_hash, *source);
  if (tunnel.type() == TunnelType::kGue) {
    const unsigned ip = outer_v4 ? sizeof(wire::Ipv4) : sizeof(wire::Ipv6);
    fill_udp(outer + ip, outer_v4 ? nullptr : reinterpret_cast<const wire::Ipv6*>(outer),
             length - ip, flow_hash, packet);
  }
  // What lies behind the IP packet is not forwarded, Ethernet's padding neither.
  const uint32_t frame = Packet::kL3 + packet.ip_length;
  if (packet.mbuf->pkt_len > frame && packet.mbuf->nb_segs == 1)
    rte_pktmbuf_trim(packet.mbuf, static_cast<uint16_t>(packet.mbuf->pkt_len - frame));
  rte_pktmbuf_prepend(packet.mbuf, static_cast<uint16_t>(overhead));
  transmitter_.send(packet.mbuf, next_hop, word, packet.in);
  return true;
}

}  // namespace lbd
