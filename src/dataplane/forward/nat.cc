// SPDX-License-Identifier: Apache-2.0
#include "dataplane/forward/nat.h"

#include "dataplane/forward/teller.h"
#include "dataplane/forward/transit.h"
#include "dataplane/forward/translate.h"
#include "dataplane/transport_checksum.h"

namespace lbd {
namespace {

/// Spreads connections over equal routes to one client.
uint32_t route_hash(const FlowKey& key) {
  return static_cast<uint32_t>(key.ports_protocol * 0x9e3779b97f4a7c15ull >> 32);
}

bool checksum_bears(Packet& packet) {
  if (l4_checksum_valid(packet)) return true;
  packet.verdict = Verdict::kBadL4Checksum;
  return false;
}

}  // namespace

FlowKey Nat::reply_tuple(const FlowKey& key, const Target& target) {
  const uint16_t port = target.port != 0 ? target.port : key.destination().port;
  return FlowKey::make({target.address, port}, key.source(), key.protocol());
}

bool Nat::translate_to_server(Packet& packet, const Connection& connection) {
  if (packet.quote == 0) {
    translate(packet, connection.reply);
    return true;
  }
  // About a reply that went to the client. Where the server knows the client by an address of ours,
  // the error comes from there as well.
  if (!checksum_bears(packet)) return false;
  const IpAddress source = connection.reply.destination().address;
  translate_error(packet, connection.reply,
                  connection.forwarding == Forwarding::kNat ? nullptr : &source,
                  connection.reply.source().address);
  return true;
}

/// `tells`: whether the server is told the client's address, here and below.
template <bool tells>
bool Nat::translate_to_client(Packet& packet, Connection& connection) {
  if (packet.quote == 0) {
    if constexpr (tells) hear_server(packet, connection);
    translate(packet, connection.key);
    return true;
  }
  // About a packet that went to the server; whoever says so, the client hears it from the service.
  if (!checksum_bears(packet)) return false;
  if constexpr (tells) hear_error(packet, connection);
  const IpAddress source = connection.key.destination().address;
  translate_error(packet, connection.key, &source, connection.key.source().address);
  return true;
}

bool Nat::to_server(Packet& packet, const Connection& connection) {
  const uint64_t word = context_.next_hops->word(connection.next_hop);
  const uint16_t mtu = transmitter_.mtu(word);
  if (!may_pass(packet, mtu, replier_)) [[unlikely]]
    return false;
  if (tells_address(connection) && !tell_server(packet, connection, mtu)) [[unlikely]]
    return false;
  if (!translate_to_server(packet, connection)) return false;
  trim(packet);
  transmitter_.send(packet.mbuf, connection.next_hop, word, packet.in);
  return true;
}

/// Remembers the next hop towards the client; false where there is none yet.
bool Nat::find_way(Connection& connection) {
  const uint32_t generation = context_.routing->generation.load(std::memory_order_acquire);
  if (connection.reply_generation == generation) [[likely]]
    return true;
  const RouteAnswer route =
      find_route(*context_.routing, connection.key.source().address, route_hash(connection.key));
  if (!route.found || route.next_hop == kNoId) return false;
  connection.reply_hop = route.next_hop;
  connection.reply_generation = generation;
  return true;
}

bool Nat::to_client(Packet& packet, Connection& connection) {
  if (tells_address(connection)) [[unlikely]]
    return pass_to_client<true>(packet, connection);
  return pass_to_client<false>(packet, connection);
}

template <bool tells>
bool Nat::pass_to_client(Packet& packet, Connection& connection) {
  if ((tells && is_being_told(connection)) || !find_way(connection)) [[unlikely]]
    return to_client_slowly<tells>(packet, connection);
  const uint64_t word = context_.next_hops->word(connection.reply_hop);
  if (next_hop_state(word) != NextHopState::kReachable) [[unlikely]]
    return to_client_slowly<tells>(packet, connection);
  if (!may_pass(packet, transmitter_.mtu(word), replier_)) [[unlikely]]
    return false;
  if (!translate_to_client<tells>(packet, connection)) return false;
  trim(packet);
  transmitter_.send(packet.mbuf, connection.reply_hop, word, packet.in);
  return true;
}

/// The client's neighbour is not known (any more), or there is no route at all, or no place to
/// remember it.
template <bool tells>
bool Nat::to_client_slowly(Packet& packet, Connection& connection) {
  const IpAddress client = connection.key.source().address;
  const uint32_t hash = route_hash(connection.key);
  const RouteAnswer route = find_route(*context_.routing, client, hash);
  if (!route.found) {
    packet.verdict = Verdict::kNoRoute;
    return false;
  }
  if (!may_pass(packet, (*context_.ports)[route.port].mtu, replier_)) return false;
  if (!translate_to_client<tells>(packet, connection)) return false;
  trim(packet);
  transmitter_.send_routed(packet.mbuf, client, hash, packet.in);
  return true;
}

}  // namespace lbd
