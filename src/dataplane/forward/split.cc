// SPDX-License-Identifier: Apache-2.0
#include "dataplane/forward/split.h"

#include <rte_mbuf.h>

#include <cstring>

#include "common/wire.h"

namespace lbd {
namespace {

constexpr unsigned kIpHeaders = sizeof(wire::Ipv6) + sizeof(wire::Ipv6Fragment);
constexpr unsigned kHeaders = Packet::kL3 + kIpHeaders;

void write_lengths(uint8_t* frame, unsigned payload, unsigned offset_more) {
  auto* ip = reinterpret_cast<wire::Ipv6*>(frame + Packet::kL3);
  auto* fragment = reinterpret_cast<wire::Ipv6Fragment*>(frame + Packet::kL3 + sizeof(wire::Ipv6));
  ip->payload_length = Be16(static_cast<uint16_t>(payload + sizeof(wire::Ipv6Fragment)));
  fragment->offset_more = Be16(static_cast<uint16_t>(offset_more));
}

}  // namespace

rte_mbuf* split_off(Packet& packet, uint16_t mtu, const WorkerContext& context) {
  const unsigned piece = (mtu - kIpHeaders) / 8 * 8;
  rte_mbuf* out = context.egress->allocate();
  char* room =
      out == nullptr ? nullptr : rte_pktmbuf_append(out, static_cast<uint16_t>(kHeaders + piece));
  if (room == nullptr) {
    rte_pktmbuf_free(out);
    return nullptr;
  }
  auto* const from = rte_pktmbuf_mtod(packet.mbuf, uint8_t*);
  auto* const to = reinterpret_cast<uint8_t*>(room);
  std::memcpy(to, from, kHeaders + piece);
  const auto* fragment =
      reinterpret_cast<const wire::Ipv6Fragment*>(from + Packet::kL3 + sizeof(wire::Ipv6));
  const unsigned offset_more = fragment->offset_more.host();
  write_lengths(to, piece, offset_more | 1);
  std::memmove(from + piece, from, kHeaders);
  rte_pktmbuf_adj(packet.mbuf, static_cast<uint16_t>(piece));
  packet.ip_length -= piece;
  write_lengths(from + piece, packet.ip_length - kIpHeaders, offset_more + piece);
  return out;
}

}  // namespace lbd
