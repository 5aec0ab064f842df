// SPDX-License-Identifier: Apache-2.0
#include "dataplane/forward/translate.h"

#include <rte_mbuf.h>

#include <algorithm>

#include "common/crc32c.h"
#include "common/wire.h"
#include "dataplane/forward/fields.h"
#include "dataplane/transport_checksum.h"

namespace lbd {
namespace {

using checksum::change;
using fields::load;
using fields::store;
using fields::update;
using fields::update_l4;

/// What the sums of addresses and of ports change by.
struct Changes {
  uint64_t addresses;
  uint64_t ports;
  uint32_t flipped;  // bits of the ports that are others now, as on the wire
};

uint64_t write_addresses(uint8_t* l3, const FlowKey& tuple) {
  const bool v4 = tuple.is_v4();
  uint8_t* const addresses =
      l3 + (v4 ? offsetof(wire::Ipv4, source) : offsetof(wire::Ipv6, source));
  uint64_t out = 0;
  for (unsigned i = 0; i < (v4 ? 1u : 4u); ++i) {
    out += change(load<uint64_t>(addresses + 8 * i), tuple.address[i]);
    store(addresses + 8 * i, tuple.address[i]);
  }
  return out;
}

Changes write_tuple(uint8_t* l3, uint8_t* l4, const FlowKey& tuple) {
  Changes out;
  out.addresses = write_addresses(l3, tuple);
  const auto ports = static_cast<uint32_t>(tuple.ports_protocol);
  const auto before = load<uint32_t>(l4);
  out.ports = change(before, ports);
  out.flipped = before ^ ports;
  store(l4, ports);
  return out;
}

/// A CRC is linear: it flips by the CRC, begun with zero, of what has flipped, that is of the ports
/// and as many zeros as there are bytes behind them. It knows nothing of addresses.
void update_sctp(uint8_t* field, uint32_t flipped, uint32_t length) {
  if (flipped == 0) return;
  constexpr uint8_t kZeros[256] = {};
  uint32_t crc = crc32c_add(0, &flipped, sizeof(flipped));
  for (uint32_t left = length - sizeof(flipped); left != 0;) {
    const uint32_t part = std::min<uint32_t>(left, sizeof(kZeros));
    crc = crc32c_add(crc, kZeros, part);
    left -= part;
  }
  store(field, load<uint32_t>(field) ^ crc);  // little-endian on the wire (RFC 9260 A)
}

/// TTL and protocol are one word; a word that becomes less by one adds its complement's change.
constexpr uint64_t kTtlLess = 0xfffe;

uint64_t take_hop(uint8_t* l3, Family family) {
  --l3[family == Family::kIpv4 ? offsetof(wire::Ipv4, ttl) : offsetof(wire::Ipv6, hop_limit)];
  return kTtlLess;
}

uint64_t write_address(uint8_t* field, const IpAddress& address) {
  uint64_t out = 0;
  for (unsigned i = 0; i < address.size(); i += 4) {
    const auto word = load<uint32_t>(address.data() + i);
    out += change(load<uint32_t>(field + i), word);
    store(field + i, word);
  }
  return out;
}

}  // namespace

void translate(const Packet& packet, const FlowKey& opposite) {
  auto* l3 = rte_pktmbuf_mtod_offset(packet.mbuf, uint8_t*, Packet::kL3);
  auto* l4 = rte_pktmbuf_mtod_offset(packet.mbuf, uint8_t*, packet.l4);
  const Changes changes = write_tuple(l3, l4, opposite.reversed());
  const uint64_t hop = take_hop(l3, packet.family);
  if (packet.family == Family::kIpv4)
    update(l3 + offsetof(wire::Ipv4, checksum), changes.addresses + hop);
  if (packet.protocol == wire::kProtoSctp)
    return update_sctp(l4 + offsetof(wire::Sctp, checksum), changes.flipped,
                       Packet::kL3 + packet.ip_length - packet.l4);
  update_l4(l4, packet.protocol, changes.addresses + changes.ports);
}

void translate_fragment(const Packet& packet, const FlowKey& opposite) {
  auto* l3 = rte_pktmbuf_mtod_offset(packet.mbuf, uint8_t*, Packet::kL3);
  const uint64_t addresses = write_addresses(l3, opposite.reversed());
  const uint64_t hop = take_hop(l3, packet.family);
  if (packet.family == Family::kIpv4) update(l3 + offsetof(wire::Ipv4, checksum), addresses + hop);
}

void set_identification(const Packet& packet, uint16_t id) {
  auto* l3 = rte_pktmbuf_mtod_offset(packet.mbuf, uint8_t*, Packet::kL3);
  uint8_t* const field = l3 + offsetof(wire::Ipv4, id);
  update(l3 + offsetof(wire::Ipv4, checksum),
         change(uint32_t{load<uint16_t>(field)}, uint32_t{id}));
  store(field, id);
}

void translate_error(const Packet& packet, const FlowKey& tuple, const IpAddress* source,
                     const IpAddress& destination) {
  const bool v4 = packet.family == Family::kIpv4;
  auto* l3 = rte_pktmbuf_mtod_offset(packet.mbuf, uint8_t*, Packet::kL3);
  auto* inner = rte_pktmbuf_mtod_offset(packet.mbuf, uint8_t*, packet.quote);
  auto* inner_l4 = rte_pktmbuf_mtod_offset(packet.mbuf, uint8_t*, packet.quote_l4);
  const Changes changes = write_tuple(inner, inner_l4, tuple);
  if (v4) update(inner + offsetof(wire::Ipv4, checksum), changes.addresses);
  const bool tcp = tuple.protocol() == wire::kProtoTcp;
  const unsigned field = tcp ? offsetof(wire::Tcp, checksum) : offsetof(wire::Udp, checksum);
  const unsigned end = Packet::kL3 + packet.ip_length;
  // Who gets a quoted SCTP packet asks for its ports and verification tag, not for its CRC.
  const bool summed = tuple.protocol() != wire::kProtoSctp;
  if (summed && packet.quote_l4 + field + 2u <= std::min<unsigned>(end, packet.mbuf->data_len))
    update_l4(inner_l4, tuple.protocol(), changes.addresses + changes.ports);

  const unsigned sources = v4 ? offsetof(wire::Ipv4, source) : offsetof(wire::Ipv6, source);
  const unsigned destinations = sources + destination.size();
  uint64_t outer = take_hop(l3, packet.family);
  if (source != nullptr) outer += write_address(l3 + sources, *source);
  outer += write_address(l3 + destinations, destination);
  if (v4) update(l3 + offsetof(wire::Ipv4, checksum), outer);
  write_icmp_checksum(packet);
}

}  // namespace lbd
