// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataplane/forward/encapsulation.h"
#include "dataplane/packet.h"
#include "dataplane/reply.h"
#include "dataplane/transmitter.h"

namespace lbd {

/// Tunnelling: the packet, its TTL less by one as behind any router, goes to the real server inside
/// another IP packet. The server takes the outer headers off and answers the client directly.
///
/// Of the inner header the outer one copies TOS with ECN (RFC 6040 4.1, normal mode), TTL (after it
/// was decremented) and DF. A packet over IPv6 has no DF and is never cut on its way, so its outer
/// IPv4 header gets one where the packet is above 1280 bytes (RFC 4213 3.2). An outer ID is unique
/// among those without DF.
///
/// As DirectRouting: false, and nothing is sent, where `packet.verdict` says why.
class Tunnel {
 public:
  Tunnel(const WorkerContext& context, Transmitter& transmitter, Replier& replier)
      : context_(context), transmitter_(transmitter), replier_(replier), id_(context.index) {}

  bool forward(Packet& packet, const Encapsulation& tunnel, NextHopId next_hop, uint32_t flow_hash);

 private:
  /// What the outer header takes over of the inner one.
  struct Inner {
    uint8_t tos;
    uint8_t ttl;
    bool dont_fragment;
  };
  static Inner take_hop(const Packet& packet);
  bool refuse(Packet& packet, Verdict verdict, uint32_t mtu);
  void fill_v4(uint8_t* outer, const Inner& inner, uint32_t length, const IpAddress& source);

  const WorkerContext& context_;
  Transmitter& transmitter_;
  Replier& replier_;
  uint16_t id_;  // of the next outer IPv4 header; workers take turns
};

/// The longest packet of family `inner` that fits into the tunnel where the outgoing port takes
/// `port_mtu` bytes.
uint32_t tunnel_mtu(const Encapsulation& tunnel, Family inner, uint32_t port_mtu, Tick now);

}  // namespace lbd
