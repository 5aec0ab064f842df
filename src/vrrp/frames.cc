// SPDX-License-Identifier: Apache-2.0
#include "vrrp/frames.h"

#include <array>
#include <cstring>

#include "common/checksum.h"
#include "common/wire.h"
#include "vrrp/packet.h"

namespace lbd::vrrp {
namespace {

struct [[gnu::packed]] Arp {
  Be16 hardware;
  Be16 protocol;
  uint8_t hardware_size;
  uint8_t protocol_size;
  Be16 operation;
  uint8_t sender_mac[6];
  uint8_t sender[4];
  uint8_t target_mac[6];
  uint8_t target[4];
};
static_assert(sizeof(Arp) == 28);

struct [[gnu::packed]] NeighbourAdvertisement {
  wire::Icmp icmp;
  uint8_t target[16];
  uint8_t option_type;
  uint8_t option_length;  // in units of 8 bytes
  uint8_t mac[6];
};
static_assert(sizeof(NeighbourAdvertisement) == 32);

constexpr uint16_t kRequest = 1;
constexpr uint8_t kNeighbourAdvertisement = 136;
constexpr uint16_t kRouterOverride = 0xa000;  // RFC 9568 6.4.1 (130): both flags
constexpr uint8_t kTargetLinkLayer = 2;
constexpr uint8_t kHopLimit = 255;  // RFC 4861 7.1.2
constexpr uint16_t kDontFragment = 0x4000;

template <class T>
void append(std::vector<uint8_t>& out, const T& value) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
  out.insert(out.end(), bytes, bytes + sizeof(T));
}

wire::Ethernet ethernet(const std::array<uint8_t, 6>& to, const MacAddress& from, uint16_t type) {
  wire::Ethernet out{};
  std::memcpy(out.destination, to.data(), 6);
  std::memcpy(out.source, from.bytes.data(), 6);
  out.type = Be16(type);
  return out;
}

}  // namespace

std::vector<uint8_t> gratuitous_arp(const MacAddress& mac, const IpAddress& address) {
  Arp arp{};
  arp.hardware = Be16(1);
  arp.protocol = Be16(wire::kEtherIpv4);
  arp.hardware_size = 6;
  arp.protocol_size = 4;
  arp.operation = Be16(kRequest);
  std::memcpy(arp.sender_mac, mac.bytes.data(), 6);
  std::memcpy(arp.sender, address.data(), 4);
  std::memset(arp.target_mac, 0xff, 6);
  std::memcpy(arp.target, address.data(), 4);
  std::vector<uint8_t> out;
  append(out, ethernet({0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, mac, wire::kEtherArp));
  append(out, arp);
  return out;
}

std::vector<uint8_t> unsolicited_advertisement(const MacAddress& mac, const IpAddress& address) {
  NeighbourAdvertisement body{};
  body.icmp.type = kNeighbourAdvertisement;
  body.icmp.rest_high = Be16(kRouterOverride);
  std::memcpy(body.target, address.data(), 16);
  body.option_type = kTargetLinkLayer;
  body.option_length = 1;
  std::memcpy(body.mac, mac.bytes.data(), 6);

  wire::Ipv6 ip{};
  ip.version_class_flow = Be32(0x60000000u);
  ip.payload_length = Be16(sizeof(body));
  ip.next_header = wire::kProtoIcmpv6;
  ip.hop_limit = kHopLimit;
  std::memcpy(ip.source, address.data(), 16);
  ip.destination[0] = 0xff;
  ip.destination[1] = 0x02;
  ip.destination[15] = 1;
  const uint64_t sum = checksum::pseudo_header(ip.source, 32, wire::kProtoIcmpv6, sizeof(body));
  body.icmp.checksum = Be16::from_raw(
      static_cast<uint16_t>(~checksum::fold(checksum::add(&body, sizeof(body), sum))));

  std::vector<uint8_t> out;
  append(out, ethernet({0x33, 0x33, 0, 0, 0, 1}, mac, wire::kEtherIpv6));
  append(out, ip);
  append(out, body);
  return out;
}

std::vector<uint8_t> advertisement_frame(const MacAddress& mac, const IpAddress& source,
                                         const IpAddress& group, std::span<const uint8_t> payload) {
  std::vector<uint8_t> out;
  const uint8_t* to = group.data();
  if (group.is_v4()) {
    wire::Ipv4 ip{};
    ip.version_ihl = 0x45;
    ip.tos = kTypeOfService;
    ip.total_length = Be16(static_cast<uint16_t>(sizeof(ip) + payload.size()));
    ip.fragment = Be16(kDontFragment);  // RFC 6864 4.1: so that no id is needed
    ip.ttl = kTtl;
    ip.protocol = wire::kProtoVrrp;
    std::memcpy(&ip.source, source.data(), 4);
    std::memcpy(&ip.destination, to, 4);
    ip.checksum = Be16::from_raw(checksum::of(&ip, sizeof(ip)));
    // RFC 1112 6.4: the low 23 bits of the group.
    append(out, ethernet({0x01, 0x00, 0x5e, static_cast<uint8_t>(to[1] & 0x7f), to[2], to[3]}, mac,
                         wire::kEtherIpv4));
    append(out, ip);
  } else {
    wire::Ipv6 ip{};
    ip.version_class_flow = Be32(0x60000000u | kTypeOfService << 20);
    ip.payload_length = Be16(static_cast<uint16_t>(payload.size()));
    ip.next_header = wire::kProtoVrrp;
    ip.hop_limit = kTtl;
    std::memcpy(ip.source, source.data(), 16);
    std::memcpy(ip.destination, to, 16);
    // RFC 2464 7: the low 32 bits.
    append(out, ethernet({0x33, 0x33, to[12], to[13], to[14], to[15]}, mac, wire::kEtherIpv6));
    append(out, ip);
  }
  out.insert(out.end(), payload.begin(), payload.end());
  return out;
}

std::vector<uint8_t> announcement(const MacAddress& mac, const IpAddress& address) {
  return address.is_v4() ? gratuitous_arp(mac, address) : unsolicited_advertisement(mac, address);
}

}  // namespace lbd::vrrp
