// SPDX-License-Identifier: Apache-2.0
#include "dataplane/forward/segment.h"

#include <cstring>

#include "common/checksum.h"

namespace lbd {
namespace {

/// Writes Packet::ip_length into the IP header.
void write_ip_length(const Packet& packet) {
  auto* l3 = rte_pktmbuf_mtod_offset(packet.mbuf, uint8_t*, Packet::kL3);
  if (packet.family == Family::kIpv4) {
    auto* ip = reinterpret_cast<wire::Ipv4*>(l3);
    const Be16 length(static_cast<uint16_t>(packet.ip_length));
    ip->checksum =
        Be16::from_raw(checksum::update(ip->checksum.raw(), ip->total_length.raw(), length.raw()));
    ip->total_length = length;
  } else {
    auto* ip = reinterpret_cast<wire::Ipv6*>(l3);
    ip->payload_length = Be16(static_cast<uint16_t>(packet.ip_length - sizeof(wire::Ipv6)));
  }
}

}  // namespace

void insert(Packet& packet, unsigned at, std::span<const uint8_t> bytes) {
  const auto count = static_cast<uint16_t>(bytes.size());
  auto* frame = reinterpret_cast<uint8_t*>(rte_pktmbuf_prepend(packet.mbuf, count));
  std::memmove(frame, frame + count, at);
  std::memcpy(frame + at, bytes.data(), count);
  packet.ip_length += count;
  write_ip_length(packet);
  // The pseudo-header's length grows too.
  wire::Tcp* tcp = tcp_of(packet);
  const uint64_t more = checksum::add(bytes.data(), count) + Be16(count).raw();
  tcp->checksum = Be16::from_raw(checksum::apply(tcp->checksum.raw(), more));
}

void cut_data(Packet& packet) {
  rte_mbuf* mbuf = packet.mbuf;
  wire::Tcp* tcp = tcp_of(packet);
  const unsigned header = tcp->header_length();
  packet.ip_length = packet.l4 + header - Packet::kL3;
  if (mbuf->next != nullptr) rte_pktmbuf_free(mbuf->next);
  mbuf->next = nullptr;
  mbuf->nb_segs = 1;
  mbuf->data_len = static_cast<uint16_t>(packet.l4 + header);
  mbuf->pkt_len = mbuf->data_len;
  write_ip_length(packet);
  tcp->flags &= static_cast<uint8_t>(~(wire::kTcpFin | wire::kTcpPsh | wire::kTcpUrg));
  tcp->checksum = Be16::from_raw(0);
  const bool v4 = packet.family == Family::kIpv4;
  const unsigned addresses = v4 ? offsetof(wire::Ipv4, source) : offsetof(wire::Ipv6, source);
  const auto* l3 = rte_pktmbuf_mtod_offset(mbuf, const uint8_t*, Packet::kL3);
  const uint64_t pseudo =
      checksum::pseudo_header(l3 + addresses, v4 ? 8 : 32, wire::kProtoTcp, header);
  const uint64_t sum = checksum::add(tcp, header, pseudo);
  tcp->checksum = Be16::from_raw(static_cast<uint16_t>(~checksum::fold(sum)));
}

void set_number(wire::Tcp* tcp, void* field, uint32_t host) {
  const uint32_t after = Be32(host).raw();
  uint32_t before;
  std::memcpy(&before, field, sizeof(before));
  std::memcpy(field, &after, sizeof(after));
  uint64_t changes = checksum::change(before, after);
  // At an odd place its bytes count the other way round.
  if ((static_cast<uint8_t*>(field) - reinterpret_cast<uint8_t*>(tcp)) % 2 != 0)
    changes = __builtin_bswap16(checksum::fold(changes));
  tcp->checksum = Be16::from_raw(checksum::apply(tcp->checksum.raw(), changes));
}

}  // namespace lbd
