// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_mbuf.h>

#include <algorithm>

#include "common/wire.h"
#include "dataplane/packet.h"
#include "dataplane/reply.h"
#include "dataplane/transmitter.h"

namespace lbd {

/// Direct routing: the packet goes to the real server's MAC address as it is, but for the TTL (or
/// hop limit), which is one less, as behind any router. A packet whose TTL is used up, or that is
/// longer than the way's MTU, is answered with an ICMP error and dropped. Returns false, and sends
/// nothing, for those: `verdict` then says which. `packet.mbuf` is the transmitter's on success.
class DirectRouting {
 public:
  DirectRouting(const WorkerContext& context, Transmitter& transmitter, Replier& replier)
      : context_(context), transmitter_(transmitter), replier_(replier) {}

  bool forward(Packet& packet, NextHopId next_hop) {
    const uint64_t word = context_.next_hops->word(next_hop);
    auto* l3 = rte_pktmbuf_mtod_offset(packet.mbuf, uint8_t*, Packet::kL3);
    if (packet.family == Family::kIpv4) {
      auto* ip = reinterpret_cast<wire::Ipv4*>(l3);
      if (ip->ttl <= 1 || packet.ip_length > transmitter_.mtu(word)) [[unlikely]]
        return refuse(packet, ip->ttl, word);
      // RFC 1624 for a word that becomes less by one (TTL is the first byte of its word): the
      // checksum becomes more by one, the carry comes round, and minus zero is written as zero.
      const uint32_t sum = ip->checksum.raw() + 1u;
      ip->checksum = Be16::from_raw(static_cast<uint16_t>(sum + (sum >= 0xffff)));
      --ip->ttl;
    } else {
      auto* ip = reinterpret_cast<wire::Ipv6*>(l3);
      if (ip->hop_limit <= 1 || packet.ip_length > transmitter_.mtu(word)) [[unlikely]]
        return refuse(packet, ip->hop_limit, word);
      --ip->hop_limit;
    }
    // What lies behind the IP packet is not forwarded, but for Ethernet's own padding.
    const uint32_t frame = std::max(Packet::kL3 + packet.ip_length, kLeastFrame);
    if (packet.mbuf->pkt_len > frame && packet.mbuf->nb_segs == 1) [[unlikely]]
      rte_pktmbuf_trim(packet.mbuf, static_cast<uint16_t>(packet.mbuf->pkt_len - frame));
    transmitter_.send(packet.mbuf, next_hop, word, packet.in);
    return true;
  }

 private:
  static constexpr uint32_t kLeastFrame = 60;  // without the frame check sequence

  /// Says why and to whom it concerns; false.
  bool refuse(Packet& packet, uint8_t ttl, uint64_t word);

  const WorkerContext& context_;
  Transmitter& transmitter_;
  Replier& replier_;
};

}  // namespace lbd
