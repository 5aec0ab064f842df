// SPDX-License-Identifier: Apache-2.0
#include "dataplane/reply.h"

#include <rte_mbuf.h>

#include <algorithm>
#include <cstring>

#include "common/checksum.h"
#include "common/wire.h"

namespace lbd {
namespace {

constexpr uint8_t kTtl = 64;
/// RFC 1812 4.3.2.3: quote as much as fits into 576 bytes; RFC 4443 3: into the minimum MTU.
constexpr unsigned kQuoteV4 = 576 - sizeof(wire::Ipv4) - sizeof(wire::Icmp);
constexpr unsigned kQuoteV6 = 1280 - sizeof(wire::Ipv6) - sizeof(wire::Icmp);

IpAddress source_of(const Packet& packet) {
  const auto* l3 = rte_pktmbuf_mtod_offset(packet.mbuf, const uint8_t*, Packet::kL3);
  return packet.family == Family::kIpv4 ? IpAddress::v4(l3 + offsetof(wire::Ipv4, source))
                                        : IpAddress::v6(l3 + offsetof(wire::Ipv6, source));
}

IpAddress destination_of(const Packet& packet) {
  const auto* l3 = rte_pktmbuf_mtod_offset(packet.mbuf, const uint8_t*, Packet::kL3);
  return packet.family == Family::kIpv4 ? IpAddress::v4(l3 + offsetof(wire::Ipv4, destination))
                                        : IpAddress::v6(l3 + offsetof(wire::Ipv6, destination));
}

/// Ethernet and IP headers; `l4_length` bytes follow. Returns where they go. The buffer is fresh.
uint8_t* start_packet(rte_mbuf* mbuf, const IpAddress& from, const IpAddress& to, uint8_t protocol,
                      unsigned l4_length) {
  const unsigned l3_length = from.is_v4() ? sizeof(wire::Ipv4) : sizeof(wire::Ipv6);
  const auto total = static_cast<uint16_t>(Packet::kL3 + l3_length + l4_length);
  auto* frame = reinterpret_cast<uint8_t*>(rte_pktmbuf_append(mbuf, total));
  if (frame == nullptr) return nullptr;
  std::memset(frame, 0, total);
  auto* ethernet = reinterpret_cast<wire::Ethernet*>(frame);
  ethernet->type = Be16(from.is_v4() ? wire::kEtherIpv4 : wire::kEtherIpv6);
  if (from.is_v4()) {
    auto* ip = reinterpret_cast<wire::Ipv4*>(frame + Packet::kL3);
    ip->version_ihl = 0x45;
    ip->total_length = Be16(static_cast<uint16_t>(l3_length + l4_length));
    ip->fragment = Be16(0x4000);
    ip->ttl = kTtl;
    ip->protocol = protocol;
    std::memcpy(&ip->source, from.data(), 4);
    std::memcpy(&ip->destination, to.data(), 4);
    ip->checksum = Be16::from_raw(checksum::of(ip, sizeof(*ip)));
  } else {
    auto* ip = reinterpret_cast<wire::Ipv6*>(frame + Packet::kL3);
    ip->version_class_flow = Be32(6u << 28);
    ip->payload_length = Be16(static_cast<uint16_t>(l4_length));
    ip->next_header = protocol;
    ip->hop_limit = kTtl;
    std::memcpy(ip->source, from.data(), 16);
    std::memcpy(ip->destination, to.data(), 16);
  }
  return frame + Packet::kL3 + l3_length;
}

Be16 l4_checksum(const uint8_t* l4, unsigned length, uint8_t protocol, const IpAddress& from,
                 const IpAddress& to) {
  uint64_t sum = checksum::pseudo_header(from.data(), from.size(), protocol, length);
  sum = checksum::add(to.data(), to.size(), sum);
  const uint16_t folded = checksum::fold(checksum::add(l4, length, sum));
  return Be16::from_raw(static_cast<uint16_t>(~folded));
}

/// RFC 9293 3.10.7.1: what SEG.LEN is, SYN and FIN counted.
uint32_t segment_length(const Packet& packet, const wire::Tcp& tcp) {
  const unsigned data = Packet::kL3 + packet.ip_length - packet.l4 - tcp.header_length();
  return data + ((tcp.flags & wire::kTcpSyn) != 0) + ((tcp.flags & wire::kTcpFin) != 0);
}

}  // namespace

struct Replier::Message {
  uint8_t type4, code4;
  uint8_t type6, code6;
  uint16_t mtu = 0;
  bool from_virtual_address = false;
};

Replier::Replier(WorkerContext& context, Transmitter& transmitter, uint64_t hz)
    : context_(context), transmitter_(transmitter), bucket_(kPerSecond, kPerSecond, hz) {}

bool Replier::allowed() {
  if (bucket_.take(context_.tsc)) return true;
  context_.count(Event::kReplyRateLimited);
  return false;
}

void Replier::time_exceeded(const Packet& packet) {
  icmp_error(packet, {11, 0, 3, 0});
}

void Replier::too_big(const Packet& packet, uint16_t mtu) {
  icmp_error(packet, {3, 4, 2, 0, mtu});
}

void Replier::unreachable(const Packet& packet) {
  icmp_error(packet, {3, 1, 1, 3});
}

void Replier::refuse(const Packet& packet) {
  if (packet.protocol == wire::kProtoTcp) {
    if (!(packet.tcp_flags & wire::kTcpRst) && allowed()) reset_connection(packet);
    return;
  }
  icmp_error(packet, {3, 3, 1, 4, 0, true});
}

void Replier::send(rte_mbuf* mbuf, const Packet& packet) {
  context_.count(packet.in, Origin::kOwn);
  transmitter_.send_routed(mbuf, source_of(packet), 0, packet.in);
}

void Replier::icmp_error(const Packet& packet, const Message& message) {
  // RFC 1122 3.2.2, RFC 4443 2.4 (e.1): never about an ICMP error, nor about a fragment that is not
  // the first.
  if (packet.quote != 0 || packet.kind == Kind::kFragment || !allowed()) return;
  const bool v4 = packet.family == Family::kIpv4;
  const PortAddresses& own = context_.snapshot->port_addresses[packet.in];
  IpAddress from = destination_of(packet);
  if (!message.from_virtual_address && (v4 ? own.ipv4 : own.ipv6))
    from = *(v4 ? own.ipv4 : own.ipv6);
  const IpAddress to = source_of(packet);
  const unsigned quote = std::min(
      {v4 ? kQuoteV4 : kQuoteV6, packet.ip_length, packet.mbuf->data_len - unsigned{Packet::kL3}});
  const unsigned length = sizeof(wire::Icmp) + quote;
  const uint8_t protocol = v4 ? wire::kProtoIcmp : wire::kProtoIcmpv6;

  rte_mbuf* mbuf = context_.egress->allocate();
  uint8_t* l4 = mbuf == nullptr ? nullptr : start_packet(mbuf, from, to, protocol, length);
  if (l4 == nullptr) {
    rte_pktmbuf_free(mbuf);
    return context_.count(Event::kReplyNoMemory);
  }
  auto* icmp = reinterpret_cast<wire::Icmp*>(l4);
  icmp->type = v4 ? message.type4 : message.type6;
  icmp->code = v4 ? message.code4 : message.code6;
  icmp->rest_low = Be16(message.mtu);
  std::memcpy(l4 + sizeof(wire::Icmp),
              rte_pktmbuf_mtod_offset(packet.mbuf, const uint8_t*, Packet::kL3), quote);
  icmp->checksum =
      v4 ? Be16::from_raw(checksum::of(l4, length)) : l4_checksum(l4, length, protocol, from, to);
  context_.count(Event::kIcmpErrorSent);
  send(mbuf, packet);
}

/// Null, and counted, where there is no buffer; else where the TCP header goes.
uint8_t* Replier::start_tcp(rte_mbuf*& mbuf, const IpAddress& from, const IpAddress& to) {
  mbuf = context_.egress->allocate();
  uint8_t* l4 =
      mbuf == nullptr ? nullptr : start_packet(mbuf, from, to, wire::kProtoTcp, sizeof(wire::Tcp));
  if (l4 != nullptr) return l4;
  rte_pktmbuf_free(mbuf);
  context_.count(Event::kReplyNoMemory);
  return nullptr;
}

void Replier::probe(const FlowKey& key, PortIndex in) {
  const Endpoint client = key.source();
  const Endpoint own = key.destination();
  rte_mbuf* mbuf = nullptr;
  uint8_t* l4 = start_tcp(mbuf, own.address, client.address);
  if (l4 == nullptr) return;
  auto* tcp = reinterpret_cast<wire::Tcp*>(l4);
  tcp->source = Be16(own.port);
  tcp->destination = Be16(client.port);
  tcp->data_offset = 5 << 4;
  tcp->flags = wire::kTcpAck;
  tcp->checksum = l4_checksum(l4, sizeof(wire::Tcp), wire::kProtoTcp, own.address, client.address);
  context_.count(in, Origin::kOwn);
  transmitter_.send_routed(mbuf, client.address, 0, in);
}

void Replier::reset_connection(const Packet& packet) {
  const auto* tcp = rte_pktmbuf_mtod_offset(packet.mbuf, const wire::Tcp*, packet.l4);
  const IpAddress from = destination_of(packet);
  const IpAddress to = source_of(packet);
  rte_mbuf* mbuf = nullptr;
  uint8_t* l4 = start_tcp(mbuf, from, to);
  if (l4 == nullptr) return;
  auto* answer = reinterpret_cast<wire::Tcp*>(l4);
  answer->source = tcp->destination;
  answer->destination = tcp->source;
  answer->data_offset = 5 << 4;
  answer->flags = wire::kTcpRst;
  if (tcp->flags & wire::kTcpAck) {
    answer->sequence = tcp->acknowledgement;
  } else {
    answer->flags |= wire::kTcpAck;
    answer->acknowledgement = Be32(tcp->sequence.host() + segment_length(packet, *tcp));
  }
  answer->checksum = l4_checksum(l4, sizeof(wire::Tcp), wire::kProtoTcp, from, to);
  context_.count(Event::kResetSent);
  send(mbuf, packet);
}

}  // namespace lbd
