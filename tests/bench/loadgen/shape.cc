// SPDX-License-Identifier: Apache-2.0
#include "shape.h"

#include <cstring>

#include "common/checksum.h"
#include "common/wire.h"

namespace lbd::loadgen {
namespace {

constexpr uint32_t kGre = 4;
constexpr uint32_t kGueBehindUdp = 4;
constexpr uint16_t kGuePort = 6080;

uint32_t ip_size(bool v4) {
  return v4 ? sizeof(wire::Ipv4) : sizeof(wire::Ipv6);
}

Be16 be16(const uint8_t* at) {
  Be16 out;
  std::memcpy(&out, at, sizeof out);
  return out;
}

/// RFC 2003, 2473: the protocol number of an IP packet in an IP packet.
uint8_t carried(bool v4) {
  return v4 ? wire::kProtoIpip : wire::kProtoIpv6;
}

uint8_t outer_protocol(Method method, bool v4) {
  if (method == Method::kGre) return wire::kProtoGre;
  return method == Method::kGue ? wire::kProtoUdp : carried(v4);
}

/// RFC 2784, without options.
bool gre_valid(const uint8_t* gre, bool v4) {
  return be16(gre).host() == 0 &&
         be16(gre + 2).host() == (v4 ? wire::kEtherIpv4 : wire::kEtherIpv6);
}

/// Version 0, a data message without options.
bool gue_valid(const Parts& outer, bool v4) {
  const uint8_t* gue = outer.l4 + sizeof(wire::Udp);
  return outer.port(1) == kGuePort && be16(outer.l4 + 4).host() == outer.l4_length && gue[0] == 0 &&
         gue[1] == carried(v4) && be16(gue + 2).host() == 0 &&
         checksum_valid(outer, wire::kProtoUdp);
}

}  // namespace

IpAddress Parts::address(unsigned index) const {
  const uint8_t* at = addresses + index * address_size;
  return address_size == 4 ? IpAddress::v4(at) : IpAddress::v6(at);
}

uint16_t Parts::port(unsigned index) const {
  return be16(l4 + index * 2).host();
}

Parts dissect(std::span<const uint8_t> packet, bool v4, uint8_t protocol, uint32_t l4_least,
              bool& whole) {
  whole = true;
  if (packet.size() < ip_size(v4) + l4_least || packet[0] >> 4 != (v4 ? 4 : 6)) return {};
  if (v4) {
    const auto* ip = reinterpret_cast<const wire::Ipv4*>(packet.data());
    if (ip->protocol != protocol) return {};
    const uint32_t length = ip->total_length.host();
    whole = ip->version_ihl == 0x45 && length == packet.size() && checksum::valid(ip, sizeof *ip);
    return {packet.data(), packet.data() + 12, packet.data() + sizeof *ip, 4,
            length - static_cast<uint32_t>(sizeof *ip)};
  }
  const auto* ip = reinterpret_cast<const wire::Ipv6*>(packet.data());
  if (ip->next_header != protocol) return {};
  const uint32_t length = ip->payload_length.host();
  whole = length + sizeof *ip == packet.size();
  return {packet.data(), ip->source, packet.data() + sizeof *ip, 16, length};
}

bool checksum_valid(const Parts& parts, uint8_t protocol) {
  if (protocol == wire::kProtoUdp && parts.address_size == 4 && be16(parts.l4 + 6).raw() == 0)
    return true;
  const uint64_t pseudo =
      checksum::pseudo_header(parts.addresses, 2 * parts.address_size, protocol, parts.l4_length);
  return checksum::fold(checksum::add(parts.l4, parts.l4_length, pseudo)) == 0xffff;
}

uint32_t tunnel_overhead(Method method, bool v4) {
  switch (method) {
    case Method::kIpip:
      return ip_size(v4);
    case Method::kGre:
      return ip_size(v4) + kGre;
    case Method::kGue:
      return ip_size(v4) + static_cast<uint32_t>(sizeof(wire::Udp)) + kGueBehindUdp;
    default:
      return 0;
  }
}

std::span<const uint8_t> unwrap(std::span<const uint8_t> packet, Method method, bool v4,
                                bool& whole) {
  const uint32_t overhead = tunnel_overhead(method, v4);
  const Parts outer =
      dissect(packet, v4, outer_protocol(method, v4), overhead - ip_size(v4), whole);
  if (outer.ip == nullptr) return {};
  if (!whole) return packet;
  if (method == Method::kGre) whole = gre_valid(outer.l4, v4);
  if (method == Method::kGue) whole = gue_valid(outer, v4);
  return packet.subspan(overhead);
}

}  // namespace lbd::loadgen
