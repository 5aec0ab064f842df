// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataplane/connection.h"
#include "dataplane/forward/identifications.h"
#include "dataplane/fragment.h"
#include "dataplane/packet.h"
#include "dataplane/reply.h"
#include "dataplane/transmitter.h"

namespace lbd {

struct CrossedError;

/// fullnat between two IP versions, both ways: IPv6 clients of IPv4 servers (NAT64) and IPv4
/// clients of IPv6 servers (NAT46). Each packet is translated by RFC 7915 (siit.h); the
/// connection's key is of the client's family, the tuple of its replies (Connection::reply) of the
/// server's.
///
/// A packet becomes 20 bytes longer or shorter, so the MTU that its sender is told of is that of
/// the way on, as many bytes more or less. IPv4 packets without DF that do not fit leave as IPv6
/// fragments (RFC 7915 4).
///
/// As DirectRouting: false, and nothing is sent, where `packet.verdict` says why.
class Nat64 {
 public:
  Nat64(WorkerContext& context, Transmitter& transmitter, Replier& replier,
        Identifications& identifications)
      : context_(context),
        transmitter_(transmitter),
        replier_(replier),
        identifications_(identifications) {}

  bool to_server(Packet& packet, const Connection& connection);
  bool to_client(Packet& packet, Connection& connection);
  /// A fragment, the first one too.
  bool forward_fragment(Packet& packet, const FragmentWay& way);

 private:
  struct Onward;
  Onward way_to_server(NextHopId next_hop) const;
  bool find_client(Packet& packet, const IpAddress& client, uint32_t hash, Onward& out) const;
  bool may_cross(Packet& packet, uint16_t mtu);
  bool send_crossed(Packet& packet, const FlowKey& tuple, const Onward& onward, uint16_t id);
  bool send_error(Packet& packet, const CrossedError& error, const Onward& onward);
  bool send_pieces(Packet& packet, const Onward& onward);
  void send(rte_mbuf* mbuf, const Onward& onward, PortIndex in);

  WorkerContext& context_;
  Transmitter& transmitter_;
  Replier& replier_;
  Identifications& identifications_;
};

/// The longest packet of the sender's, with `header` bytes of IP header, that fits into `mtu` bytes
/// after it has got one of `translated` bytes instead.
constexpr uint16_t mtu_before(uint16_t mtu, unsigned header, unsigned translated) {
  return static_cast<uint16_t>(mtu + header - translated);
}

}  // namespace lbd
