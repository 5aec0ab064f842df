// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "common/endian.h"

// Headers as they lie on the wire: no alignment, sizes asserted. Who casts to one of these has
// checked that so many bytes are there.
namespace lbd::wire {

inline constexpr uint16_t kEtherIpv4 = 0x0800;
inline constexpr uint16_t kEtherArp = 0x0806;
inline constexpr uint16_t kEtherVlan = 0x8100;
inline constexpr uint16_t kEtherQinQ = 0x88a8;
inline constexpr uint16_t kEtherIpv6 = 0x86dd;

inline constexpr uint8_t kProtoIcmp = 1;
inline constexpr uint8_t kProtoIpip = 4;
inline constexpr uint8_t kProtoTcp = 6;
inline constexpr uint8_t kProtoUdp = 17;
inline constexpr uint8_t kProtoIpv6 = 41;
inline constexpr uint8_t kProtoFragment = 44;  // IPv6 extension header
inline constexpr uint8_t kProtoGre = 47;
inline constexpr uint8_t kProtoIcmpv6 = 58;
inline constexpr uint8_t kProtoVrrp = 112;
inline constexpr uint8_t kProtoAuthentication = 51;  // AH
inline constexpr uint8_t kProtoSctp = 132;

struct [[gnu::packed]] Ethernet {
  uint8_t destination[6];
  uint8_t source[6];
  Be16 type;
};
static_assert(sizeof(Ethernet) == 14);

struct [[gnu::packed]] Ipv4 {
  uint8_t version_ihl;
  uint8_t tos;
  Be16 total_length;
  Be16 id;
  Be16 fragment;  // 1 bit reserved, DF, MF, 13 bits offset in units of 8 bytes
  uint8_t ttl;
  uint8_t protocol;
  Be16 checksum;
  Be32 source;
  Be32 destination;

  unsigned header_length() const { return (version_ihl & 15u) * 4u; }
  bool dont_fragment() const { return fragment.host() & 0x4000; }
  /// True for every fragment, the first one too.
  bool is_fragment() const { return fragment.host() & 0x3fff; }
  unsigned fragment_offset() const { return (fragment.host() & 0x1fffu) * 8; }
};
static_assert(sizeof(Ipv4) == 20);

struct [[gnu::packed]] Ipv6 {
  Be32 version_class_flow;
  Be16 payload_length;
  uint8_t next_header;
  uint8_t hop_limit;
  uint8_t source[16];
  uint8_t destination[16];
};
static_assert(sizeof(Ipv6) == 40);

inline constexpr uint8_t kTcpFin = 0x01;
inline constexpr uint8_t kTcpSyn = 0x02;
inline constexpr uint8_t kTcpRst = 0x04;
inline constexpr uint8_t kTcpPsh = 0x08;
inline constexpr uint8_t kTcpAck = 0x10;
inline constexpr uint8_t kTcpUrg = 0x20;

struct [[gnu::packed]] Tcp {
  Be16 source;
  Be16 destination;
  Be32 sequence;
  Be32 acknowledgement;
  uint8_t data_offset;  // upper four bits, in units of 4 bytes
  uint8_t flags;
  Be16 window;
  Be16 checksum;
  Be16 urgent;

  unsigned header_length() const { return (data_offset >> 4) * 4u; }
};
static_assert(sizeof(Tcp) == 20);

struct [[gnu::packed]] Udp {
  Be16 source;
  Be16 destination;
  Be16 length;
  Be16 checksum;  // 0: none (IPv4 only)
};
static_assert(sizeof(Udp) == 8);

struct [[gnu::packed]] Sctp {
  Be16 source;
  Be16 destination;
  Be32 tag;
  Be32 checksum;  // CRC32c, the least byte first (RFC 9260 6.8)
};
static_assert(sizeof(Sctp) == 12);

/// ICMP and ICMPv6 share this shape.
struct [[gnu::packed]] Icmp {
  uint8_t type;
  uint8_t code;
  Be16 checksum;
  Be16 rest_high;
  Be16 rest_low;
};
static_assert(sizeof(Icmp) == 8);

struct [[gnu::packed]] Ipv6Fragment {
  uint8_t next_header;
  uint8_t reserved;
  Be16 offset_more;  // 13 bits offset in units of 8 bytes, 2 reserved, 1 more
  Be32 id;
};
static_assert(sizeof(Ipv6Fragment) == 8);

}  // namespace lbd::wire
