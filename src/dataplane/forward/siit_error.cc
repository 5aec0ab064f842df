// SPDX-License-Identifier: Apache-2.0
#include <rte_mbuf.h>

#include <algorithm>
#include <array>

#include "dataplane/forward/fields.h"
#include "dataplane/forward/siit.h"
#include "dataplane/forward/siit_header.h"
#include "dataplane/forward/siit_message.h"
#include "dataplane/transport_checksum.h"

// ICMP errors are made anew: outer header, message, quoted header, and as much of the quoted
// transport as fits. Extensions behind the quote (RFC 4884) do not go on.
namespace lbd {
namespace {

constexpr unsigned kLongestV4 = 576;   // RFC 1812 4.3.2.3
constexpr unsigned kLongestV6 = 1280;  // RFC 4443 3
constexpr unsigned kLeastExtended = 128;

/// An error taken apart.
struct Parts {
  wire::Icmp icmp;
  uint8_t traffic_class, ttl;  // of the outer header
  siit::Header inner;          // what the quoted header says
  uint64_t addresses;          // what the quoted checksum changes by on their account
  uint16_t length;             // of the quoted packet as it was
  unsigned rest_bytes;
  std::array<uint8_t, kLongestV6> rest;  // of the quoted packet, from its transport header on
};

const uint8_t* at(const Packet& packet, unsigned offset) {
  return rte_pktmbuf_mtod_offset(packet.mbuf, const uint8_t*, offset);
}

void read_v4(const Packet& packet, const FlowKey& quoted, Parts& out) {
  const auto ip = fields::load<wire::Ipv4>(at(packet, Packet::kL3));
  const auto inner = fields::load<wire::Ipv4>(at(packet, packet.quote));
  out.traffic_class = ip.tos;
  out.ttl = static_cast<uint8_t>(ip.ttl - 1);
  out.length = inner.total_length.host();
  out.inner = {inner.tos, inner.ttl, inner.protocol, sizeof(wire::Ipv6)};
  out.addresses = siit::address_change(&inner.source, 8, quoted);
}

void read_v6(const Packet& packet, const FlowKey& quoted, Parts& out) {
  const auto ip = fields::load<wire::Ipv6>(at(packet, Packet::kL3));
  const auto inner = fields::load<wire::Ipv6>(at(packet, packet.quote));
  out.traffic_class = static_cast<uint8_t>(ip.version_class_flow.host() >> 20);
  out.ttl = static_cast<uint8_t>(ip.hop_limit - 1);
  out.length = static_cast<uint16_t>(inner.payload_length.host() + sizeof(wire::Ipv6));
  out.inner = {static_cast<uint8_t>(inner.version_class_flow.host() >> 20), inner.hop_limit,
               quoted.protocol(), sizeof(wire::Ipv4)};
  out.addresses = siit::address_change(inner.source, 32, quoted);
}

/// RFC 4884 4: how long the quote is where something follows it, at least kLeastExtended.
unsigned quote_bytes(const wire::Icmp& icmp, bool v4) {
  const unsigned words = icmp.rest_high.host();
  if (v4) return (words & 0xff) * 4;
  return icmp.type == 1 || icmp.type == 3 ? (words >> 8) * 8 : 0;
}

Parts take_apart(const Packet& packet, const FlowKey& quoted) {
  Parts out;
  const bool v4 = packet.family == Family::kIpv4;
  out.icmp = fields::load<wire::Icmp>(at(packet, packet.l4));
  v4 ? read_v4(packet, quoted, out) : read_v6(packet, quoted, out);
  // The quoted header becomes that of the other version, whatever stood between it and the ports.
  const uint32_t headers = packet.quote_l4 - packet.quote;
  out.inner.length += out.length > headers ? out.length - headers : 0;
  unsigned end = std::min<unsigned>(packet.mbuf->data_len, Packet::kL3 + packet.ip_length);
  if (const unsigned bytes = quote_bytes(out.icmp, v4); bytes >= kLeastExtended)
    end = std::min(end, packet.quote + bytes);
  const auto room =
      static_cast<unsigned>(v4 ? kLongestV6 - 2 * sizeof(wire::Ipv6) - sizeof(wire::Icmp)
                               : kLongestV4 - 2 * sizeof(wire::Ipv4) - sizeof(wire::Icmp));
  out.rest_bytes = end > packet.quote_l4 ? std::min(end - packet.quote_l4, room) : 0;
  std::memcpy(out.rest.data(), at(packet, packet.quote_l4), out.rest_bytes);
  return out;
}

/// The quoted packet gets its tuple on the other side, with as much of the checksum as was quoted.
void rewrite_rest(Parts& parts, const FlowKey& quoted) {
  const auto ports = static_cast<uint32_t>(quoted.ports_protocol);
  const bool tcp = quoted.protocol() == wire::kProtoTcp;
  const unsigned field = tcp ? offsetof(wire::Tcp, checksum) : offsetof(wire::Udp, checksum);
  if (parts.rest_bytes < sizeof(ports)) return;
  const uint64_t changes =
      parts.addresses + checksum::change(fields::load<uint32_t>(parts.rest.data()), ports);
  fields::store(parts.rest.data(), ports);
  if (field + 2 <= parts.rest_bytes)
    fields::update_l4(parts.rest.data(), quoted.protocol(), changes);
}

/// Gives the frame so many bytes, in one buffer. What was in it is lost.
bool resize(rte_mbuf* mbuf, unsigned bytes) {
  if (bytes > mbuf->data_len + unsigned{rte_pktmbuf_headroom(mbuf)}) return false;
  if (mbuf->next != nullptr) rte_pktmbuf_free(mbuf->next);
  mbuf->next = nullptr;
  mbuf->nb_segs = 1;
  mbuf->pkt_len = mbuf->data_len;
  if (bytes > mbuf->data_len)
    rte_pktmbuf_prepend(mbuf, static_cast<uint16_t>(bytes - mbuf->data_len));
  else
    rte_pktmbuf_trim(mbuf, static_cast<uint16_t>(mbuf->data_len - bytes));
  return true;
}

/// Source and destination of the error itself; ICMP has no ports.
FlowKey outer_tuple(const CrossedError& error) {
  return FlowKey::make({error.source, 0}, {error.destination, 0}, 0);
}

/// `packet` is of the new family and has its lengths.
void put_together(const Packet& packet, const Parts& parts, const CrossedError& error,
                  uint16_t id) {
  const bool v4 = packet.family == Family::kIpv4;
  const unsigned ip = v4 ? sizeof(wire::Ipv4) : sizeof(wire::Ipv6);
  auto* l3 = rte_pktmbuf_mtod_offset(packet.mbuf, uint8_t*, Packet::kL3);
  uint8_t* const inner = l3 + ip + sizeof(wire::Icmp);
  const siit::Header outer{parts.traffic_class, parts.ttl, packet.protocol, packet.ip_length};
  siit::write_ethernet_type(l3, packet.family);
  if (v4) {
    siit::write_v4(l3, outer, outer_tuple(error), id, 0);
    siit::write_v4(inner, parts.inner, error.quoted, 0, siit::kDontFragment);
  } else {
    siit::write_v6(l3, outer, outer_tuple(error));
    siit::write_v6(inner, parts.inner, error.quoted);
  }
  fields::store(l3 + ip, parts.icmp);
  std::memcpy(inner + ip, parts.rest.data(), parts.rest_bytes);
  write_icmp_checksum(packet);
}

}  // namespace

Verdict cross_error(Packet& packet, const CrossedError& error, uint16_t id) {
  const bool to_v6 = packet.family == Family::kIpv4;
  Parts parts = take_apart(packet, error.quoted);
  const auto icmp = to_v6 ? siit::message_to_v6(parts.icmp, error.mtu, parts.length)
                          : siit::message_to_v4(parts.icmp, error.mtu);
  if (!icmp) return Verdict::kUntranslatable;
  parts.icmp = *icmp;
  rewrite_rest(parts, error.quoted);
  const unsigned ip = to_v6 ? sizeof(wire::Ipv6) : sizeof(wire::Ipv4);
  const unsigned length = 2 * ip + unsigned{sizeof(wire::Icmp)} + parts.rest_bytes;
  if (!resize(packet.mbuf, Packet::kL3 + length)) return Verdict::kNoHeadroom;
  packet.family = to_v6 ? Family::kIpv6 : Family::kIpv4;
  packet.protocol = to_v6 ? wire::kProtoIcmpv6 : wire::kProtoIcmp;
  packet.ip_length = length;
  packet.l4 = static_cast<uint16_t>(Packet::kL3 + ip);
  put_together(packet, parts, error, id);
  return Verdict::kForwarded;
}

}  // namespace lbd
