// SPDX-License-Identifier: Apache-2.0
#include "dataplane/forward/encapsulation.h"

#include "common/wire.h"

namespace lbd {
namespace {

constexpr unsigned kGre = 4;
constexpr unsigned kGueBehindUdp = 4;

unsigned overhead_of(TunnelType type, Family outer) {
  const unsigned ip = outer == Family::kIpv4 ? sizeof(wire::Ipv4) : sizeof(wire::Ipv6);
  switch (type) {
    case TunnelType::kIpip:
      return ip;
    case TunnelType::kGre:
      return ip + kGre;
    case TunnelType::kGue:
      break;
  }
  return ip + unsigned{sizeof(wire::Udp)} + kGueBehindUdp;
}

/// IANA protocol numbers: what an IP header says is behind it.
uint8_t carried(Family inner) {
  return inner == Family::kIpv4 ? wire::kProtoIpip : wire::kProtoIpv6;
}

uint8_t outer_protocol(TunnelType type, Family inner) {
  if (type == TunnelType::kGre) return wire::kProtoGre;
  return type == TunnelType::kGue ? wire::kProtoUdp : carried(inner);
}

}  // namespace

Encapsulation::Encapsulation(TunnelType type, const IpAddress& destination, uint16_t port)
    : type_(type),
      port_(port),
      destination_(destination),
      overhead_(overhead_of(type, destination.family())),
      before_v4_(make_room(Family::kIpv4)),
      before_v6_(make_room(Family::kIpv6)) {}

Encapsulation::Room Encapsulation::make_room(Family inner) const {
  Room room{};
  const bool outer_v4 = family() == Family::kIpv4;
  uint8_t* ip_at = room.data() + kRoom - overhead_;
  const Be16 ether(outer_v4 ? wire::kEtherIpv4 : wire::kEtherIpv6);
  std::memcpy(ip_at - sizeof(ether), &ether, sizeof(ether));
  uint8_t* next = ip_at + (outer_v4 ? sizeof(wire::Ipv4) : sizeof(wire::Ipv6));
  if (outer_v4) {
    auto* ip = reinterpret_cast<wire::Ipv4*>(ip_at);
    ip->version_ihl = 0x45;
    ip->protocol = outer_protocol(type_, inner);
    std::memcpy(&ip->destination, destination_.data(), 4);
  } else {
    auto* ip = reinterpret_cast<wire::Ipv6*>(ip_at);
    ip->version_class_flow = Be32(6u << 28);
    ip->next_header = outer_protocol(type_, inner);
    std::memcpy(ip->destination, destination_.data(), 16);
  }
  if (type_ == TunnelType::kGre) {
    const Be16 carries(inner == Family::kIpv4 ? wire::kEtherIpv4 : wire::kEtherIpv6);
    std::memcpy(next + 2, &carries, sizeof(carries));
  } else if (type_ == TunnelType::kGue) {
    reinterpret_cast<wire::Udp*>(next)->destination = Be16(port_);
    next[sizeof(wire::Udp) + 1] = carried(inner);
  }
  return room;
}

}  // namespace lbd
