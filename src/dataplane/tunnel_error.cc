// SPDX-License-Identifier: Apache-2.0
#include "dataplane/tunnel_error.h"

#include <rte_mbuf.h>

#include <algorithm>
#include <optional>
#include <span>

#include "common/wire.h"
#include "dataplane/forward/tunnel.h"
#include "dataplane/transport_checksum.h"

namespace lbd {
namespace {

/// Less is not believed: what Linux' net.ipv4.route.min_pmtu is, and RFC 8201 4.
constexpr uint32_t kLeastMtuV4 = 552;
constexpr uint32_t kLeastMtuV6 = 1280;
/// What a router that tells no MTU stands for (RFC 1191 5): every host takes that.
constexpr uint32_t kUnknownMtu = 576;
constexpr unsigned kGre = 4;
constexpr unsigned kGue = sizeof(wire::Udp) + 4;
/// Of the transport header, so that the client finds its socket.
constexpr unsigned kPorts = 8;

template <class T>
const T* at(const Packet& packet, unsigned offset) {
  return rte_pktmbuf_mtod_offset(packet.mbuf, const T*, offset);
}

/// The quoted outer header.
struct Outer {
  IpAddress source;
  IpAddress destination;
  uint8_t protocol = 0;
  uint32_t length = 0;   // of the outer packet
  unsigned payload = 0;  // offset in the frame
};

std::optional<Outer> read_v4(const Packet& packet, unsigned offset, unsigned end) {
  if (offset + sizeof(wire::Ipv4) > end) return std::nullopt;
  const auto* ip = at<wire::Ipv4>(packet, offset);
  if (ip->version_ihl != 0x45 || ip->fragment_offset() != 0) return std::nullopt;  // not as we send
  return Outer{IpAddress::v4(&ip->source), IpAddress::v4(&ip->destination), ip->protocol,
               ip->total_length.host(), offset + unsigned{sizeof(wire::Ipv4)}};
}

std::optional<Outer> read_v6(const Packet& packet, unsigned offset, unsigned end) {
  if (offset + sizeof(wire::Ipv6) > end) return std::nullopt;
  const auto* ip = at<wire::Ipv6>(packet, offset);
  if (ip->version_class_flow.host() >> 28 != 6) return std::nullopt;
  return Outer{IpAddress::v6(ip->source), IpAddress::v6(ip->destination), ip->next_header,
               ip->payload_length.host() + uint32_t{sizeof(wire::Ipv6)},
               offset + unsigned{sizeof(wire::Ipv6)}};
}

bool could_be(const Encapsulation& tunnel, const Packet& packet, const Outer& outer, unsigned end) {
  switch (tunnel.type()) {
    case TunnelType::kIpip:
      return outer.protocol == wire::kProtoIpip || outer.protocol == wire::kProtoIpv6;
    case TunnelType::kGre:
      return outer.protocol == wire::kProtoGre;
    case TunnelType::kGue:
      break;
  }
  return outer.protocol == wire::kProtoUdp && outer.payload + sizeof(wire::Udp) <= end &&
         at<wire::Udp>(packet, outer.payload)->destination.host() == tunnel.port();
}

unsigned header_of(const Encapsulation& tunnel) {
  if (tunnel.type() == TunnelType::kGre) return kGre;
  return tunnel.type() == TunnelType::kGue ? kGue : 0;
}

}  // namespace

struct TunnelErrors::Error {
  std::span<const Snapshot::TunnelEnd> tunnels;  // to the same address
  const Encapsulation* tunnel;                   // the one that the quote is of
  uint32_t mtu;                                  // of the outer packet; 0: another error
  unsigned inner;                                // offset in the frame
  unsigned end;                                  // offset behind what was quoted
};

bool TunnelErrors::take(Packet& packet) {
  const std::vector<Snapshot::TunnelEnd>& known = context_.snapshot->tunnel_ends;
  const bool v4 = packet.family == Family::kIpv4;
  const unsigned end = std::min<unsigned>(packet.mbuf->data_len, Packet::kL3 + packet.ip_length);
  if (packet.protocol != (v4 ? wire::kProtoIcmp : wire::kProtoIcmpv6)) return false;
  if (known.empty() || packet.l4 + sizeof(wire::Icmp) > end) return false;
  const auto* icmp = at<wire::Icmp>(packet, packet.l4);
  // RFC 792: unreachable, time exceeded. RFC 4443 3: unreachable, too big, time exceeded.
  const bool too_big = v4 ? icmp->type == 3 && icmp->code == 4 : icmp->type == 2;
  const bool other = v4 ? icmp->type == 3 || icmp->type == 11 : icmp->type == 1 || icmp->type == 3;
  if (!too_big && !other) return false;

  const unsigned quote = packet.l4 + unsigned{sizeof(wire::Icmp)};
  const auto outer = v4 ? read_v4(packet, quote, end) : read_v6(packet, quote, end);
  if (!outer) return false;
  const AddressTable::Entry* own = context_.snapshot->addresses.find(outer->source);
  if (own == nullptr || own->kind != AddressKind::kLocal) return false;
  const auto [first, last] =
      std::equal_range(known.begin(), known.end(), outer->destination, Snapshot::TunnelEnd::Less());
  const auto found = std::find_if(first, last, [&](const Snapshot::TunnelEnd& one) {
    return could_be(*one.tunnel, packet, *outer, end);
  });
  if (found == last || !l4_checksum_valid(packet)) return false;

  uint32_t mtu = 0;
  if (too_big) {
    mtu = uint32_t{icmp->rest_low.host()} | (v4 ? 0 : uint32_t{icmp->rest_high.host()} << 16);
    if (mtu == 0) mtu = kUnknownMtu;
    mtu = std::max(mtu, v4 ? kLeastMtuV4 : kLeastMtuV6);
    if (mtu >= outer->length) return true;  // it would have passed: not believed
  }
  const Error error{
      {first, last}, found->tunnel.get(), mtu, outer->payload + header_of(*found->tunnel), end};
  if (too_big) learn(error);
  tell(packet, error);
  return true;
}

void TunnelErrors::learn(const Error& error) {
  for (const Snapshot::TunnelEnd& one : error.tunnels)
    one.tunnel->path_mtu.set(error.mtu, context_.now);
}

/// The frame is cut so that what the tunnel carried looks like a packet that just came.
void TunnelErrors::tell(Packet& packet, const Error& error) {
  if (error.inner + sizeof(wire::Ipv4) > error.end) return;
  const bool v4 = *at<uint8_t>(packet, error.inner) >> 4 == 4;
  IpAddress destination;
  uint8_t protocol;
  unsigned l4;
  if (v4) {
    const auto* ip = at<wire::Ipv4>(packet, error.inner);
    destination = IpAddress::v4(&ip->destination);
    protocol = ip->protocol;
    l4 = error.inner + ip->header_length();
    if (ip->fragment_offset() != 0) return;  // RFC 1122 3.2.2
  } else {
    if (error.inner + sizeof(wire::Ipv6) > error.end) return;
    const auto* ip = at<wire::Ipv6>(packet, error.inner);
    destination = IpAddress::v6(ip->destination);
    protocol = ip->next_header;
    l4 = error.inner + unsigned{sizeof(wire::Ipv6)};
  }
  // Never about an error (RFC 1122 3.2.2): what services have is told about, nothing else.
  if (protocol == wire::kProtoIcmp || protocol == wire::kProtoIcmpv6) return;
  const AddressTable::Entry* service = context_.snapshot->addresses.find(destination);
  if (service == nullptr || service->kind != AddressKind::kService || l4 + kPorts > error.end)
    return;
  packet.family = v4 ? Family::kIpv4 : Family::kIpv6;
  packet.protocol = protocol;
  packet.quote = 0;
  packet.ip_length = error.end - error.inner;
  rte_pktmbuf_adj(packet.mbuf, static_cast<uint16_t>(error.inner - Packet::kL3));
  if (error.mtu == 0) return replier_.unreachable(packet);
  uint32_t mtu = error.mtu - error.tunnel->overhead();
  if (!v4) mtu = std::max(mtu, kLeastMtuV6);
  replier_.too_big(packet, static_cast<uint16_t>(std::min<uint32_t>(mtu, 0xffff)));
}

}  // namespace lbd
