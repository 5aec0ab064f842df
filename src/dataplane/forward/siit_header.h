// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>

#include "common/checksum.h"
#include "common/wire.h"
#include "dataplane/connection.h"

// Headers of translated packets (RFC 7915 4.1, 5.1).
namespace lbd::siit {

inline constexpr uint16_t kDontFragment = 0x4000;
inline constexpr uint16_t kMoreFragments = 0x2000;

/// What headers of both versions say.
struct Header {
  uint8_t traffic_class;
  uint8_t ttl;
  uint8_t next;     // protocol, or the fragment header
  uint32_t length;  // of the IP packet in bytes, this header included
};

/// RFC 7915 5.1, of an IPv4 packet of `length` bytes that was no fragment.
constexpr uint16_t dont_fragment(uint32_t length) {
  constexpr uint32_t kAlwaysPasses = 1260;
  return length > kAlwaysPasses ? kDontFragment : uint16_t{0};
}

inline void write_ethernet_type(uint8_t* l3, Family family) {
  const Be16 type(family == Family::kIpv4 ? wire::kEtherIpv4 : wire::kEtherIpv6);
  std::memcpy(l3 - sizeof(type), &type, sizeof(type));
}

inline void write_v6(uint8_t* l3, const Header& header, const FlowKey& tuple) {
  wire::Ipv6 ip;
  ip.version_class_flow = Be32(6u << 28 | uint32_t{header.traffic_class} << 20);
  ip.payload_length = Be16(static_cast<uint16_t>(header.length - sizeof(ip)));
  ip.next_header = header.next;
  ip.hop_limit = header.ttl;
  std::memcpy(ip.source, tuple.address, sizeof(tuple.address));
  std::memcpy(l3, &ip, sizeof(ip));
}

/// `id`: as on the wire. `fragment`: flags and offset, host order.
inline void write_v4(uint8_t* l3, const Header& header, const FlowKey& tuple, uint16_t id,
                     uint16_t fragment) {
  wire::Ipv4 ip{};
  ip.version_ihl = 0x45;
  ip.tos = header.traffic_class;
  ip.total_length = Be16(static_cast<uint16_t>(header.length));
  ip.id = Be16::from_raw(id);
  ip.fragment = Be16(fragment);
  ip.ttl = header.ttl;
  ip.protocol = header.next;
  std::memcpy(&ip.source, tuple.address, 8);
  ip.checksum = Be16::from_raw(checksum::of(&ip, sizeof(ip)));
  std::memcpy(l3, &ip, sizeof(ip));
}

/// What the sum of a pseudo-header changes by when `tuple`'s addresses take the place of `before`'s
/// `bytes`.
inline uint64_t address_change(const void* before, unsigned bytes, const FlowKey& tuple) {
  const uint64_t gone = static_cast<uint16_t>(~checksum::fold(checksum::add(before, bytes)));
  return checksum::add(tuple.address, tuple.is_v4() ? 8 : 32, gone);
}

}  // namespace lbd::siit
