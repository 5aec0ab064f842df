// SPDX-License-Identifier: Apache-2.0
#include "dataplane/forward/nat64.h"

#include "dataplane/forward/siit.h"
#include "dataplane/forward/split.h"
#include "dataplane/forward/teller.h"
#include "dataplane/forward/transit.h"
#include "dataplane/transport_checksum.h"

namespace lbd {
namespace {

constexpr uint16_t kAnyLength = 0xffff;

bool refuse(Packet& packet, Verdict verdict) {
  packet.verdict = verdict;
  return false;
}

uint16_t mtu_for(const Packet& packet, uint16_t mtu) {
  return mtu_before(mtu, packet.l4 - Packet::kL3, translated_header(packet));
}

/// What its sender lets routers cut (RFC 791 2.3).
bool may_be_split(const Packet& packet) {
  if (packet.family != Family::kIpv4 || packet.quote != 0 || packet.mbuf->nb_segs != 1)
    return false;
  return !rte_pktmbuf_mtod_offset(packet.mbuf, const wire::Ipv4*, Packet::kL3)->dont_fragment();
}

}  // namespace

/// The way on.
struct Nat64::Onward {
  NextHopId next_hop = kNoId;  // kNoId: by the route to `client`
  uint64_t word = 0;
  uint16_t mtu = 0;
  IpAddress client;
  uint32_t hash = 0;
};

Nat64::Onward Nat64::way_to_server(NextHopId next_hop) const {
  const uint64_t word = context_.next_hops->word(next_hop);
  return {next_hop, word, transmitter_.mtu(word), {}, 0};
}

/// False where there is no route.
bool Nat64::find_client(Packet& packet, const IpAddress& client, uint32_t hash, Onward& out) const {
  const RouteAnswer route = find_route(*context_.routing, client, hash);
  if (!route.found) return refuse(packet, Verdict::kNoRoute);
  out = {kNoId, 0, (*context_.ports)[route.port].mtu, client, hash};
  if (route.next_hop == kNoId) return true;
  const uint64_t word = context_.next_hops->word(route.next_hop);
  if (next_hop_state(word) != NextHopState::kReachable) return true;  // to be asked for
  out.next_hop = route.next_hop;
  out.word = word;
  return true;
}

void Nat64::send(rte_mbuf* mbuf, const Onward& onward, PortIndex in) {
  if (onward.next_hop != kNoId) return transmitter_.send(mbuf, onward.next_hop, onward.word, in);
  transmitter_.send_routed(mbuf, onward.client, onward.hash, in);
}

/// `mtu`: of the packet as it came.
bool Nat64::may_cross(Packet& packet, uint16_t mtu) {
  return may_pass(packet, may_be_split(packet) ? kAnyLength : mtu, replier_);
}

/// All but the last piece of a fragment that is too long; the last one remains.
bool Nat64::send_pieces(Packet& packet, const Onward& onward) {
  while (packet.ip_length > onward.mtu) {
    rte_mbuf* piece = split_off(packet, onward.mtu, context_);
    if (piece == nullptr) {
      context_.count(Event::kReplyNoMemory);
      return refuse(packet, Verdict::kMtuExceeded);
    }
    context_.count(packet.in, Origin::kOwn);
    send(piece, onward, packet.in);
  }
  return true;
}

bool Nat64::send_crossed(Packet& packet, const FlowKey& tuple, const Onward& onward, uint16_t id) {
  const bool too_long = packet.ip_length > mtu_for(packet, onward.mtu);
  const Verdict verdict = cross_families(packet, tuple, id, too_long);
  if (verdict != Verdict::kForwarded) return refuse(packet, verdict);
  trim(packet);
  if (too_long && !send_pieces(packet, onward)) return false;
  send(packet.mbuf, onward, packet.in);
  return true;
}

bool Nat64::send_error(Packet& packet, const CrossedError& error, const Onward& onward) {
  const Verdict verdict = cross_error(packet, error, identifications_.next());
  if (verdict != Verdict::kForwarded) return refuse(packet, verdict);
  send(packet.mbuf, onward, packet.in);
  return true;
}

bool Nat64::to_server(Packet& packet, const Connection& connection) {
  const Onward onward = way_to_server(connection.next_hop);
  const uint16_t mtu = mtu_for(packet, onward.mtu);
  if (!may_cross(packet, mtu)) return false;
  if (packet.quote != 0) {
    if (!l4_checksum_valid(packet)) return refuse(packet, Verdict::kBadL4Checksum);
    const FlowKey& replies = connection.reply;
    return send_error(
        packet, {replies, replies.destination().address, replies.source().address, onward.mtu},
        onward);
  }
  if (tells_address(connection) && !tell_server(packet, connection, mtu)) return false;
  return send_crossed(packet, connection.reply.reversed(), onward, identifications_.next());
}

bool Nat64::to_client(Packet& packet, Connection& connection) {
  Onward onward;
  const IpAddress client = connection.key.source().address;
  if (!find_client(packet, client, static_cast<uint32_t>(connection.key.ports_protocol), onward) ||
      !may_cross(packet, mtu_for(packet, onward.mtu)))
    return false;
  const bool tells = tells_address(connection);
  if (packet.quote != 0) {
    if (!l4_checksum_valid(packet)) return refuse(packet, Verdict::kBadL4Checksum);
    if (tells) hear_error(packet, connection);
    const IpAddress service = connection.key.destination().address;
    return send_error(packet, {connection.key, service, client, onward.mtu}, onward);
  }
  if (tells) hear_server(packet, connection);
  return send_crossed(packet, connection.key.reversed(), onward, identifications_.next());
}

bool Nat64::forward_fragment(Packet& packet, const FragmentWay& way) {
  Onward onward = way.reply ? Onward{} : way_to_server(way.next_hop);
  if (way.reply && !find_client(packet, way.opposite.source().address, way.flow_hash, onward))
    return false;
  if (!may_cross(packet, mtu_for(packet, onward.mtu))) return false;
  return send_crossed(packet, way.opposite.reversed(), onward, way.new_id);
}

}  // namespace lbd
