// SPDX-License-Identifier: Apache-2.0
#include "dataplane/parse.h"

#include <rte_mbuf.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "common/checksum.h"
#include "common/wire.h"

namespace lbd {
namespace {

constexpr unsigned kMaxExtensionHeaders = 8;

void drop(Packet& packet, Verdict verdict) {
  packet.kind = Kind::kDrop;
  packet.verdict = verdict;
}

template <class T>
const T* at(const rte_mbuf* mbuf, unsigned offset) {
  return rte_pktmbuf_mtod_offset(mbuf, const T*, offset);
}

// --- IPv4 addresses, host order ---

/// What lets a packet before the rest on the way to the kernel must come from the link itself: TTL
/// or hop limit 255 (RFC 5798 5.1.1.3, RFC 4861 7.1), which no router leaves.
constexpr uint8_t kFromLink = 255;

bool v4_multicast(uint32_t address) {
  return (address >> 28) == 0xe;
}
bool v4_loopback(uint32_t address) {
  return (address >> 24) == 127;
}

/// RFC 1812 5.3.7 and 4.2.2.11: never a source on the wire. 0.0.0.0 may ask (IGMP, DHCP).
bool v4_martian(uint32_t source, uint32_t destination) {
  if (v4_loopback(source) || v4_loopback(destination)) return true;
  if (v4_multicast(source) || source == 0xffffffffu || destination == 0) return true;
  const bool group = v4_multicast(destination) || destination == 0xffffffffu;
  return (source == 0 && !group) || source == destination;
}

// --- transport ---

/// What a fragment says of itself (RFC 791 3.2, RFC 8200 4.5), `length` bytes long; false where
/// that is impossible (dropped by then).
bool parse_fragment(Packet& packet, uint16_t offset_and_more, bool more, uint32_t id,
                    unsigned length) {
  const unsigned offset = offset_and_more & 0xfff8u;
  packet.fragmented = true;
  packet.more_fragments = more;
  packet.fragment_offset = static_cast<uint16_t>(offset);
  packet.fragment_end = static_cast<uint16_t>(offset + length);
  packet.fragment_id = id;
  if (length != 0 && (!more || length % 8 == 0) && offset + length <= 65535) return true;
  drop(packet, Verdict::kBadFragment);
  return false;
}

/// What of TCP the first chunk of an SCTP packet is like (RFC 9260 3.2, 4): INIT begins an
/// association, INIT ACK answers it, ABORT ends it, SHUTDOWN lets it end.
uint8_t sctp_flags(const rte_mbuf* mbuf, unsigned chunk, unsigned end) {
  if (chunk >= std::min<unsigned>(end, mbuf->data_len)) return wire::kTcpAck;
  switch (*at<uint8_t>(mbuf, chunk)) {
    case 1:  // INIT
      return wire::kTcpSyn;
    case 2:  // INIT ACK
      return wire::kTcpSyn | wire::kTcpAck;
    case 6:  // ABORT
      return wire::kTcpRst;
    case 7:   // SHUTDOWN
    case 8:   // SHUTDOWN ACK
    case 14:  // SHUTDOWN COMPLETE
      return wire::kTcpFin | wire::kTcpAck;
    default:
      return wire::kTcpAck;
  }
}

/// Sets kFlow and the ports' half of the key, or drops. `end`: offset behind the IP packet.
void parse_l4(Packet& packet, FlowKey& key, unsigned end) {
  const rte_mbuf* mbuf = packet.mbuf;
  const unsigned header = packet.protocol == wire::kProtoTcp   ? sizeof(wire::Tcp)
                          : packet.protocol == wire::kProtoUdp ? sizeof(wire::Udp)
                                                               : sizeof(wire::Sctp);
  if (packet.l4 + header > end || packet.l4 + header > mbuf->data_len)
    return drop(packet, Verdict::kBadL4Header);
  if (packet.protocol == wire::kProtoTcp) {
    const auto* tcp = at<wire::Tcp>(mbuf, packet.l4);
    if (tcp->header_length() < sizeof(wire::Tcp) || packet.l4 + tcp->header_length() > end)
      return drop(packet, Verdict::kBadL4Header);
    packet.tcp_flags = tcp->flags;
  } else if (packet.protocol == wire::kProtoSctp) {
    packet.tcp_flags = sctp_flags(mbuf, packet.l4 + header, end);
  } else {
    const unsigned length = at<wire::Udp>(mbuf, packet.l4)->length.host();
    if (length < sizeof(wire::Udp) || (packet.l4 + length > end && !packet.fragmented))
      return drop(packet, Verdict::kBadL4Header);
  }
  uint32_t ports;
  std::memcpy(&ports, at<uint8_t>(mbuf, packet.l4), 4);
  key.ports_protocol = uint64_t{ports} | uint64_t{packet.protocol} << 32 |
                       uint64_t{static_cast<uint8_t>(packet.family)} << 40;
  packet.kind = Kind::kFlow;
}

/// The key of a connection that an ICMP error is about: the quoted packet's tuple the other way
/// round. `l4`: offset of the quoted transport header. Nothing where its ports were not quoted.
void parse_quoted_ports(Packet& packet, FlowKey& key, FlowKey quoted, unsigned quote, unsigned l4,
                        uint8_t protocol, unsigned end) {
  if (!has_ports(protocol)) return;
  if (l4 + 8 > end || l4 + 8 > packet.mbuf->data_len) return;
  uint32_t ports;
  std::memcpy(&ports, at<uint8_t>(packet.mbuf, l4), 4);
  quoted.ports_protocol = uint64_t{ports} | uint64_t{protocol} << 32 |
                          uint64_t{static_cast<uint8_t>(packet.family)} << 40;
  key = quoted.reversed();
  packet.quote = static_cast<uint16_t>(quote);
  packet.quote_l4 = static_cast<uint16_t>(l4);
  packet.kind = Kind::kFlow;
}

/// RFC 792: destination unreachable, time exceeded and parameter problem quote what they are about.
void parse_quote_v4(Packet& packet, FlowKey& key, unsigned end) {
  const unsigned quote = packet.l4 + sizeof(wire::Icmp);
  if (quote + sizeof(wire::Ipv4) > std::min<unsigned>(end, packet.mbuf->data_len)) return;
  const uint8_t type = at<wire::Icmp>(packet.mbuf, packet.l4)->type;
  if (type != 3 && type != 11 && type != 12) return;
  const auto* ip = at<wire::Ipv4>(packet.mbuf, quote);
  if (ip->version_ihl >> 4 != 4 || ip->header_length() < sizeof(wire::Ipv4)) return;
  if (ip->fragment_offset() != 0) return;
  const FlowKey quoted{{uint64_t{ip->source.raw()} | uint64_t{ip->destination.raw()} << 32}, 0};
  parse_quoted_ports(packet, key, quoted, quote, quote + ip->header_length(), ip->protocol, end);
}

/// RFC 4443 3: types 1 to 4.
void parse_quote_v6(Packet& packet, FlowKey& key, unsigned end) {
  const unsigned quote = packet.l4 + sizeof(wire::Icmp);
  if (quote + sizeof(wire::Ipv6) > std::min<unsigned>(end, packet.mbuf->data_len)) return;
  const uint8_t type = at<wire::Icmp>(packet.mbuf, packet.l4)->type;
  if (type < 1 || type > 4) return;
  const auto* ip = at<wire::Ipv6>(packet.mbuf, quote);
  if (ip->version_class_flow.host() >> 28 != 6) return;
  FlowKey quoted{};
  std::memcpy(quoted.address, ip->source, sizeof(quoted.address));
  uint8_t protocol = ip->next_header;
  unsigned l4 = quote + unsigned{sizeof(wire::Ipv6)};
  if (protocol == wire::kProtoFragment) {
    if (l4 + sizeof(wire::Ipv6Fragment) > std::min<unsigned>(end, packet.mbuf->data_len)) return;
    const auto* fragment = at<wire::Ipv6Fragment>(packet.mbuf, l4);
    if ((fragment->offset_more.host() & 0xfff8u) != 0) return;
    protocol = fragment->next_header;
    l4 += static_cast<unsigned>(sizeof(wire::Ipv6Fragment));
  }
  parse_quoted_ports(packet, key, quoted, quote, l4, protocol, end);
}

// --- IPv4 ---

bool v4_checksum_valid(const rte_mbuf* mbuf, const wire::Ipv4* ip, unsigned header) {
  const uint64_t known = mbuf->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
  if (known == RTE_MBUF_F_RX_IP_CKSUM_GOOD) return true;
  if (header != sizeof(wire::Ipv4)) return checksum::valid(ip, header);
  // The usual header without options, word by word.
  std::array<uint32_t, 5> words;
  std::memcpy(words.data(), ip, sizeof(words));
  return checksum::fold(uint64_t{words[0]} + words[1] + words[2] + words[3] + words[4]) == 0xffff;
}

void parse_v4(Packet& packet, FlowKey& key) {
  const rte_mbuf* mbuf = packet.mbuf;
  packet.family = Family::kIpv4;
  if (mbuf->data_len < Packet::kL3 + sizeof(wire::Ipv4)) return drop(packet, Verdict::kTruncated);
  const auto* ip = at<wire::Ipv4>(mbuf, Packet::kL3);
  if (ip->version_ihl >> 4 != 4) return drop(packet, Verdict::kBadIpVersion);
  const unsigned header = ip->header_length();
  packet.ip_length = ip->total_length.host();
  if (header < sizeof(wire::Ipv4)) return drop(packet, Verdict::kBadIpHeaderLength);
  if (packet.ip_length < header || Packet::kL3 + packet.ip_length > mbuf->pkt_len)
    return drop(packet, Verdict::kBadIpLength);
  if (Packet::kL3 + header > mbuf->data_len) return drop(packet, Verdict::kBadIpHeaderLength);
  if (!v4_checksum_valid(mbuf, ip, header)) return drop(packet, Verdict::kBadIpChecksum);

  const uint32_t source = ip->source.host();
  const uint32_t destination = ip->destination.host();
  if (v4_martian(source, destination)) return drop(packet, Verdict::kMartian);
  packet.protocol = ip->protocol;
  const bool vrrp = ip->protocol == wire::kProtoVrrp && ip->ttl == kFromLink;
  if (v4_multicast(destination) || destination == 0xffffffffu) {
    packet.kind = vrrp ? Kind::kPuntPriority : Kind::kPunt;
    return;
  }
  key.address[0] = uint64_t{ip->source.raw()} | uint64_t{ip->destination.raw()} << 32;
  key.address[1] = key.address[2] = key.address[3] = 0;
  packet.l4 = static_cast<uint16_t>(Packet::kL3 + header);
  if (ip->is_fragment()) {
    const uint16_t field = ip->fragment.host();
    if (!parse_fragment(packet, static_cast<uint16_t>(field << 3), field & 0x2000, ip->id.raw(),
                        packet.ip_length - header))
      return;
  }
  if (packet.fragmented && packet.fragment_offset != 0) {
    packet.kind = Kind::kFragment;
  } else if (has_ports(ip->protocol)) {
    parse_l4(packet, key, Packet::kL3 + packet.ip_length);
  } else {
    packet.kind = vrrp ? Kind::kPuntPriority : Kind::kDirected;
    if (ip->protocol == wire::kProtoIcmp && !packet.fragmented)
      parse_quote_v4(packet, key, Packet::kL3 + packet.ip_length);
  }
}

// --- IPv6 ---

bool v6_zero_but_last(const uint8_t* address) {
  uint64_t high;
  std::memcpy(&high, address, 8);
  uint64_t low;
  std::memcpy(&low, address + 8, 8);
  return high == 0 && (low & 0x00ffffffffffffffull) == 0;
}

/// RFC 4291 2.5.2, 2.5.3, 2.7: loopback and multicast are no sources; the unspecified address may
/// ask a group (duplicate address detection, MLD) and is never a destination.
bool v6_martian(const uint8_t* source, const uint8_t* destination) {
  if (source[0] == 0xff) return true;
  if (v6_zero_but_last(source) && (source[15] == 1 || (source[15] == 0 && destination[0] != 0xff)))
    return true;
  if (v6_zero_but_last(destination) && destination[15] <= 1) return true;
  return std::memcmp(source, destination, 16) == 0;
}

/// RFC 8200 4: walks to the transport header. False where the chain is broken (dropped by then).
bool skip_extension_headers(Packet& packet, uint8_t& next, unsigned end) {
  const rte_mbuf* mbuf = packet.mbuf;
  unsigned offset = Packet::kL3 + sizeof(wire::Ipv6);
  for (unsigned seen = 0;; ++seen) {
    const bool options = next == 0 || next == 43 || next == 60;
    if (!options && next != 44) break;
    if (seen == kMaxExtensionHeaders || offset + 8 > end || offset + 8 > mbuf->data_len) {
      drop(packet, Verdict::kBadExtensionHeader);
      return false;
    }
    const auto* header = at<uint8_t>(mbuf, offset);
    if (next == 44) {
      const auto* fragment = at<wire::Ipv6Fragment>(mbuf, offset);
      const uint16_t field = fragment->offset_more.host();
      offset += static_cast<unsigned>(sizeof(wire::Ipv6Fragment));
      next = fragment->next_header;
      // RFC 6946: a fragment that is all there is is no fragment.
      if ((field & 0xfff9u) == 0) continue;
      if (!parse_fragment(packet, field, field & 1, fragment->id.raw(), end - offset)) return false;
      if (packet.fragment_offset == 0) continue;
      packet.kind = Kind::kFragment;
      packet.l4 = static_cast<uint16_t>(offset);
      return true;
    }
    // RFC 5095: a source route of type 0 that is not used up is refused.
    const bool source_route = next == 43 && header[2] == 0 && header[3] != 0;
    const unsigned length = (header[1] + 1u) * 8;
    if (source_route || offset + length > end || offset + length > mbuf->data_len) {
      drop(packet, Verdict::kBadExtensionHeader);
      return false;
    }
    next = header[0];
    offset += length;
  }
  packet.l4 = static_cast<uint16_t>(offset);
  return true;
}

/// Neighbour discovery (RFC 4861 4): types 133 to 137.
bool is_neighbour_discovery(const Packet& packet, uint8_t next) {
  if (next != wire::kProtoIcmpv6 || packet.mbuf->data_len < packet.l4 + 1u) return false;
  const uint8_t type = *at<uint8_t>(packet.mbuf, packet.l4);
  return type >= 133 && type <= 137;
}

void parse_v6(Packet& packet, FlowKey& key) {
  const rte_mbuf* mbuf = packet.mbuf;
  packet.family = Family::kIpv6;
  if (mbuf->data_len < Packet::kL3 + sizeof(wire::Ipv6)) return drop(packet, Verdict::kTruncated);
  const auto* ip = at<wire::Ipv6>(mbuf, Packet::kL3);
  if (ip->version_class_flow.host() >> 28 != 6) return drop(packet, Verdict::kBadIpVersion);
  packet.ip_length = static_cast<uint32_t>(sizeof(wire::Ipv6)) + ip->payload_length.host();
  const unsigned end = Packet::kL3 + packet.ip_length;
  if (end > mbuf->pkt_len) return drop(packet, Verdict::kBadIpLength);
  if (v6_martian(ip->source, ip->destination)) return drop(packet, Verdict::kMartian);

  uint8_t next = ip->next_header;
  packet.kind = Kind::kDirected;
  packet.l4 = Packet::kL3 + sizeof(wire::Ipv6);
  const bool group = ip->destination[0] == 0xff;
  if (!group && !skip_extension_headers(packet, next, end)) return;
  packet.protocol = next;
  std::memcpy(key.address, ip->source, 32);
  if (packet.kind == Kind::kFragment) return;
  const bool from_link = ip->hop_limit == kFromLink;
  if (from_link && (next == wire::kProtoVrrp || is_neighbour_discovery(packet, next))) {
    packet.kind = Kind::kPuntPriority;
  } else if (group) {
    packet.kind = Kind::kPunt;
  } else if (has_ports(next)) {
    parse_l4(packet, key, end);
  } else if (next == wire::kProtoIcmpv6 && !packet.fragmented) {
    parse_quote_v6(packet, key, end);
  }
}

}  // namespace

void parse(Packet& packet, FlowKey& key, const MacAddress& port_mac,
           const VirtualMacs& virtual_macs) {
  const rte_mbuf* mbuf = packet.mbuf;
  packet.quote = 0;
  packet.fragmented = false;
  packet.l4_checked = (mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD;
  if (mbuf->data_len < sizeof(wire::Ethernet)) return drop(packet, Verdict::kTruncated);
  // A device that takes the tag off says so; the packet is another VLAN's all the same.
  if (mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) return drop(packet, Verdict::kVlanTagged);
  const auto* ethernet = at<wire::Ethernet>(mbuf, 0);
  const bool group = ethernet->destination[0] & 1;
  if (!group && std::memcmp(ethernet->destination, port_mac.bytes.data(), 6) != 0 &&
      !virtual_macs.takes(ethernet->destination))
    return drop(packet, Verdict::kNotOurMac);
  switch (ethernet->type.host()) {
    case wire::kEtherIpv4:
      parse_v4(packet, key);
      break;
    case wire::kEtherIpv6:
      parse_v6(packet, key);
      break;
    case wire::kEtherArp:
      packet.kind = Kind::kPuntPriority;
      return;
    case wire::kEtherVlan:
    case wire::kEtherQinQ:
      return drop(packet, Verdict::kVlanTagged);
    default:
      packet.kind = Kind::kPunt;
      return;
  }
  // RFC 1122 3.3.6: a frame to everybody that carries a packet to one address is not believed.
  const bool unicast_ip = packet.kind == Kind::kFlow || packet.kind == Kind::kDirected ||
                          packet.kind == Kind::kFragment;
  if (group && unicast_ip) drop(packet, Verdict::kMartian);
}

}  // namespace lbd
