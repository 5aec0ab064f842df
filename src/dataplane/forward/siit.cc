// SPDX-License-Identifier: Apache-2.0
#include "dataplane/forward/siit.h"

#include <rte_mbuf.h>

#include "dataplane/forward/fields.h"
#include "dataplane/forward/siit_header.h"
#include "dataplane/transport_checksum.h"

namespace lbd {
namespace {

uint8_t* at(const Packet& packet, unsigned offset) {
  return rte_pktmbuf_mtod_offset(packet.mbuf, uint8_t*, offset);
}

bool is_tail(const Packet& packet) {
  return packet.kind == Kind::kFragment;
}

bool is_udp_without_checksum(const Packet& packet) {
  return !is_tail(packet) && packet.protocol == wire::kProtoUdp &&
         fields::load<uint16_t>(at(packet, packet.l4 + unsigned{offsetof(wire::Udp, checksum)})) ==
             0;
}

/// RFC 791 3.1: a loose or strict source route with addresses left. RFC 7915 4.1 refuses it.
bool is_source_routed(const uint8_t* options, unsigned length) {
  constexpr uint8_t kEnd = 0, kNoOperation = 1, kLoose = 131, kStrict = 137;
  for (unsigned i = 0; i < length && options[i] != kEnd;) {
    if (options[i] == kNoOperation) {
      ++i;
      continue;
    }
    if (i + 3 > length || options[i + 1] < 2) return false;
    const bool route = options[i] == kLoose || options[i] == kStrict;
    if (route && options[i + 2] <= options[i + 1]) return true;
    i += options[i + 1];
  }
  return false;
}

/// Moves the frame's beginning so that the transport header lies behind an IP header of `header`
/// bytes. False where there is no room.
bool resize_header(Packet& packet, unsigned header) {
  const unsigned before = packet.l4 - Packet::kL3;
  if (header > before) {
    if (rte_pktmbuf_headroom(packet.mbuf) < header - before) return false;
    rte_pktmbuf_prepend(packet.mbuf, static_cast<uint16_t>(header - before));
  } else {
    rte_pktmbuf_adj(packet.mbuf, static_cast<uint16_t>(before - header));
  }
  packet.ip_length = packet.ip_length + header - before;
  packet.l4 = static_cast<uint16_t>(Packet::kL3 + header);
  return true;
}

/// `changes`: of the addresses.
void write_l4(const Packet& packet, const FlowKey& tuple, uint64_t changes) {
  if (is_tail(packet)) return;
  uint8_t* const l4 = at(packet, packet.l4);
  const auto ports = static_cast<uint32_t>(tuple.ports_protocol);
  changes += checksum::change(fields::load<uint32_t>(l4), ports);
  fields::store(l4, ports);
  fields::update_l4(l4, packet.protocol, changes);
}

Verdict to_v6(Packet& packet, const FlowKey& tuple, uint16_t id, bool as_fragment) {
  const auto ip = fields::load<wire::Ipv4>(at(packet, Packet::kL3));
  const bool without = is_udp_without_checksum(packet);
  if (without && packet.fragmented) return Verdict::kUntranslatable;
  if (is_source_routed(at(packet, Packet::kL3 + unsigned{sizeof(ip)}),
                       ip.header_length() - unsigned{sizeof(ip)}))
    return Verdict::kUntranslatable;
  if (!resize_header(packet, translated_header(packet, as_fragment))) return Verdict::kNoHeadroom;
  packet.family = Family::kIpv6;
  uint8_t* const l3 = at(packet, Packet::kL3);
  const bool fragment = as_fragment || packet.fragmented;
  siit::write_ethernet_type(l3, Family::kIpv6);
  siit::write_v6(l3,
                 {ip.tos, static_cast<uint8_t>(ip.ttl - 1),
                  fragment ? wire::kProtoFragment : tuple.protocol(), packet.ip_length},
                 tuple);
  if (fragment) {
    wire::Ipv6Fragment header{};
    header.next_header = tuple.protocol();
    header.offset_more = Be16(static_cast<uint16_t>(
        packet.fragmented ? packet.fragment_offset | unsigned{packet.more_fragments} : 0));
    header.id = Be32(Be16::from_raw(id).host());
    fields::store(l3 + sizeof(wire::Ipv6), header);
  }
  write_l4(packet, tuple, siit::address_change(&ip.source, 8, tuple));
  if (without) write_udp_checksum(packet);
  return Verdict::kForwarded;
}

/// Behind the fragment header there must be nothing but the transport's: what lies between goes,
/// and offsets would be wrong.
bool has_headers_behind(const Packet& packet) {
  const unsigned length = Packet::kL3 + packet.ip_length - packet.l4;
  return packet.fragmented && length != unsigned{packet.fragment_end} - packet.fragment_offset;
}

Verdict to_v4(Packet& packet, const FlowKey& tuple, uint16_t id) {
  const auto ip = fields::load<wire::Ipv6>(at(packet, Packet::kL3));
  if (has_headers_behind(packet)) return Verdict::kUntranslatable;
  // RFC 8200 8.1; over IPv4 it would be believed.
  if (is_udp_without_checksum(packet)) return Verdict::kBadL4Checksum;
  if (!resize_header(packet, translated_header(packet))) return Verdict::kNoHeadroom;
  packet.family = Family::kIpv4;
  uint8_t* const l3 = at(packet, Packet::kL3);
  uint16_t fragment = siit::dont_fragment(packet.ip_length);
  if (packet.fragmented)
    fragment = static_cast<uint16_t>(packet.fragment_offset / 8 |
                                     (packet.more_fragments ? siit::kMoreFragments : 0));
  siit::write_ethernet_type(l3, Family::kIpv4);
  siit::write_v4(l3,
                 {static_cast<uint8_t>(ip.version_class_flow.host() >> 20),
                  static_cast<uint8_t>(ip.hop_limit - 1), tuple.protocol(), packet.ip_length},
                 tuple, id, fragment);
  write_l4(packet, tuple, siit::address_change(ip.source, 32, tuple));
  return Verdict::kForwarded;
}

}  // namespace

unsigned translated_header(const Packet& packet, bool as_fragment) {
  if (packet.family == Family::kIpv6) return sizeof(wire::Ipv4);
  return sizeof(wire::Ipv6) + (as_fragment || packet.fragmented ? sizeof(wire::Ipv6Fragment) : 0);
}

Verdict cross_families(Packet& packet, const FlowKey& tuple, uint16_t id, bool as_fragment) {
  return packet.family == Family::kIpv4 ? to_v6(packet, tuple, id, as_fragment)
                                        : to_v4(packet, tuple, id);
}

}  // namespace lbd
