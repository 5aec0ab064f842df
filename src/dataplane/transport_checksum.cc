// SPDX-License-Identifier: Apache-2.0
#include "dataplane/transport_checksum.h"

#include <rte_mbuf.h>

#include <algorithm>

#include "common/checksum.h"
#include "common/crc32c.h"
#include "common/wire.h"

namespace lbd {
namespace {

template <class T>
const T* at(const rte_mbuf* mbuf, unsigned offset) {
  return rte_pktmbuf_mtod_offset(mbuf, const T*, offset);
}

/// Adds `length` bytes from `offset` on, through all segments. A segment that begins at an odd
/// place of the data has its bytes the other way round in the words of the sum.
uint64_t add_segments(const rte_mbuf* mbuf, unsigned offset, unsigned length, uint64_t sum) {
  for (bool odd = false; length != 0 && mbuf != nullptr; mbuf = mbuf->next) {
    if (offset >= mbuf->data_len) {
      offset -= mbuf->data_len;
      continue;
    }
    const unsigned bytes = std::min(length, mbuf->data_len - offset);
    const uint16_t part = checksum::fold(checksum::add(at<uint8_t>(mbuf, offset), bytes));
    sum += odd ? __builtin_bswap16(part) : part;
    odd ^= bytes & 1;
    length -= bytes;
    offset = 0;
  }
  return sum;
}

/// RFC 9260 6.8: over the whole packet, the checksum field taken as zero.
bool sctp_checksum_valid(const Packet& packet) {
  const rte_mbuf* mbuf = packet.mbuf;
  const auto* sctp = at<wire::Sctp>(mbuf, packet.l4);
  constexpr unsigned kChecksumAt = offsetof(wire::Sctp, checksum);
  constexpr uint32_t kZero = 0;
  uint32_t crc = crc32c_add(~0u, sctp, kChecksumAt);
  crc = crc32c_add(crc, &kZero, sizeof(kZero));
  unsigned offset = packet.l4 + unsigned{sizeof(wire::Sctp)};
  uint32_t left = Packet::kL3 + packet.ip_length - offset;
  for (; left != 0 && mbuf != nullptr; mbuf = mbuf->next) {
    if (offset >= mbuf->data_len) {
      offset -= mbuf->data_len;
      continue;
    }
    const uint32_t bytes = std::min<uint32_t>(left, mbuf->data_len - offset);
    crc = crc32c_add(crc, at<uint8_t>(mbuf, offset), bytes);
    left -= bytes;
    offset = 0;
  }
  return left == 0 && ~crc == __builtin_bswap32(sctp->checksum.host());
}

/// ICMP over IPv4 has none (RFC 792).
uint64_t pseudo_header(const Packet& packet, uint32_t length) {
  const bool v4 = packet.family == Family::kIpv4;
  if (packet.protocol == wire::kProtoIcmp) return 0;
  const unsigned addresses =
      Packet::kL3 + (v4 ? offsetof(wire::Ipv4, source) : offsetof(wire::Ipv6, source));
  return checksum::pseudo_header(at<uint8_t>(packet.mbuf, addresses), v4 ? 8 : 32, packet.protocol,
                                 length);
}

/// Whether a checksum of the packet's own covers all behind an IP header without extensions.
bool sums_up_itself(const Packet& packet, uint32_t length) {
  if (packet.family == Family::kIpv6 && packet.l4 != Packet::kL3 + sizeof(wire::Ipv6)) return false;
  if (packet.kind != Kind::kFlow || packet.fragmented) return false;
  if (packet.protocol == wire::kProtoTcp) return true;
  if (packet.protocol != wire::kProtoUdp) return false;
  const auto* udp = at<wire::Udp>(packet.mbuf, packet.l4);
  return udp->checksum.raw() != 0 && udp->length.host() == length;
}

}  // namespace

bool l4_checksum_valid(const Packet& packet) {
  // Of a fragment only the receiver of all can tell.
  if ((packet.l4_checked && packet.quote == 0) || packet.fragmented) return true;
  if (packet.protocol == wire::kProtoSctp) return sctp_checksum_valid(packet);
  const rte_mbuf* mbuf = packet.mbuf;
  const bool v4 = packet.family == Family::kIpv4;
  uint32_t length = Packet::kL3 + packet.ip_length - packet.l4;
  if (packet.protocol == wire::kProtoUdp) {
    const auto* udp = at<wire::Udp>(mbuf, packet.l4);
    // RFC 768: zero means that the sender made none; RFC 8200 8.1 forbids that over IPv6.
    if (udp->checksum.raw() == 0) return v4;
    length = udp->length.host();
  }
  const uint64_t pseudo = pseudo_header(packet, length);
  return checksum::fold(add_segments(mbuf, packet.l4, length, pseudo)) == 0xffff;
}

void write_icmp_checksum(const Packet& packet) {
  auto* icmp = rte_pktmbuf_mtod_offset(packet.mbuf, wire::Icmp*, packet.l4);
  const uint32_t length = Packet::kL3 + packet.ip_length - packet.l4;
  icmp->checksum = Be16::from_raw(0);
  const uint64_t sum = add_segments(packet.mbuf, packet.l4, length, pseudo_header(packet, length));
  icmp->checksum = Be16::from_raw(static_cast<uint16_t>(~checksum::fold(sum)));
}

void write_udp_checksum(const Packet& packet) {
  auto* udp = rte_pktmbuf_mtod_offset(packet.mbuf, wire::Udp*, packet.l4);
  const uint32_t length = udp->length.host();
  udp->checksum = Be16::from_raw(0);
  const uint64_t sum = add_segments(packet.mbuf, packet.l4, length, pseudo_header(packet, length));
  const auto checksum = static_cast<uint16_t>(~checksum::fold(sum));
  udp->checksum = Be16::from_raw(checksum != 0 ? checksum : uint16_t{0xffff});
}

uint64_t packet_sum(const Packet& packet) {
  const uint32_t length = Packet::kL3 + packet.ip_length - packet.l4;
  if (!sums_up_itself(packet, length))
    return add_segments(packet.mbuf, Packet::kL3, packet.ip_length, 0);
  const unsigned header = packet.l4 - Packet::kL3;
  const auto transport = static_cast<uint16_t>(~checksum::fold(pseudo_header(packet, length)));
  return checksum::add(at<uint8_t>(packet.mbuf, Packet::kL3), header, transport);
}

}  // namespace lbd
