// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "dataplane/forward/teller.h"
#include "dataplane/mss.h"
#include "dataplane/packet_fields.h"
#include "dataplane/pipeline.h"
#include "dataplane/transport_checksum.h"

// The pipeline's stage for flows that have no connection here: they get one, or go to the kernel,
// or are dropped by name.
namespace lbd {

void Pipeline::open_flow(Packet& packet, const FlowKey& key, uint64_t hash) {
  const AddressTable::Entry* address =
      context_.snapshot->addresses.find(destination_of(key, packet.family));
  if (address != nullptr && !context_.held->held(address->vip))
    return drop(packet, Verdict::kVipNotHeld);
  // Looked up again: an earlier packet of this burst may have made or closed the connection.
  const uint32_t found = connections_.table().find(key, hash);
  if (found != kNoConnection) {
    const Leaving leaving = leave_server(packet, found);
    if (leaving == Leaving::kEnded) return;
    if (leaving == Leaving::kStays) {
      if (!starts_over(packet, found)) {
        if (has_states(packet.protocol) && !follow_tcp(packet, found)) return;
        limit_mss(packet, connections_.table().at(connection_id(found)), is_reply(found));
        return forward(packet, found);
      }
      if (!l4_checksum_valid(packet)) return drop(packet, Verdict::kBadL4Checksum);
      connections_.close(found);
    }
  }
  if (address == nullptr && !context_.snapshot->one_packet_replies.empty() &&
      reply_once(packet, key))
    return;
  if (packet.quote != 0) return deliver_error(packet, hash);
  const Service* service = context_.snapshot->listens.find(destination_of(key, packet.family),
                                                           destination_port(key), packet.protocol);
  if (service == nullptr) return deliver_unserved(packet, key);
  start_connection(packet, key, hash, *service, address != nullptr ? address->vip : VipSlot{0});
}

/// The client begins a new connection by the tuple of one that is over.
bool Pipeline::starts_over(const Packet& packet, uint32_t found) const {
  const auto state = static_cast<TcpState>(connections_.table().at(connection_id(found)).state);
  return has_states(packet.protocol) && !is_reply(found) &&
         (packet.tcp_flags & (kStateFlags | wire::kTcpAck)) == wire::kTcpSyn &&
         is_reused_by_syn(state);
}

/// A SYN; where routers may have moved a connection here from another director (sloppy_tcp),
/// anything but its end.
bool Pipeline::may_begin_with(uint8_t flags) const {
  if (context_.sloppy_tcp) return (flags & wire::kTcpRst) == 0;
  return (flags & (kStateFlags | wire::kTcpAck)) == wire::kTcpSyn;
}

void Pipeline::start_connection(Packet& packet, const FlowKey& key, uint64_t hash,
                                const Service& service, VipSlot vip) {
  const bool tcp = has_states(packet.protocol);
  if (tcp && !may_begin_with(packet.tcp_flags)) return drop(packet, Verdict::kNoConnection);
  if (context_.snapshot->addresses.find(source_of(key, packet.family)) != nullptr)
    return drop(packet, Verdict::kMartian);  // our own address, from outside
  if (!l4_checksum_valid(packet)) return drop(packet, Verdict::kBadL4Checksum);
  if (ttl_of(packet) <= 1) {  // before it takes a turn and a place
    replier_.time_exceeded(packet);
    return drop(packet, Verdict::kTtlExceeded);
  }
  const auto state = tcp ? static_cast<uint8_t>(
                               next_state_input_only(TcpState::kNone, tcp_event(packet.tcp_flags)))
                         : kStateUdp;
  // A worker without a local port left passes flows on, and whatever the method and however often
  // the client begins anew, its packets must come here then.
  const bool adopted = context_.workers > 1 && !context_.snapshot->reply_sources.empty() &&
                       owner_.of(key) != context_.index;
  if (adopted && !connections_.directory().can_announce(key))
    return drop(packet, Verdict::kHandoffFull);
  if (packet.refused_by == 0) {  // else the first worker has held it against the limits
    const Verdict verdict = scheduling_.admit(service, key);
    if (is_drop(verdict)) return drop(packet, verdict);
  }
  const Candidate* server = scheduling_.choose(service, key, state);
  if (server == nullptr) {
    replier_.refuse(packet);
    return drop(packet, Verdict::kNoRealServer);
  }
  if (service.one_packet) return forward_once(packet, key, *server, state);
  const Target& target = context_.snapshot->targets[server->server];
  const bool fullnat = server->forwarding == Forwarding::kFullnat;
  const uint64_t hop = context_.next_hops->word(server->next_hop);
  const PortIndex out = next_hop_port(hop);
  FlowKey reply{};
  uint64_t reply_hash = 0;
  if (fullnat) {
    // Without a way to the server nobody knows whose local addresses to use.
    const bool no_way = next_hop_state(hop) == NextHopState::kNoRoute;
    std::optional<FlowKey> chosen;
    if (!no_way) chosen = choose_local(key, *server, target, out);
    if (!chosen) {
      connections_.give_back(*server, state);
      if (no_way) return drop(packet, Verdict::kNoRoute);
      return pass_on(packet, out);
    }
    reply = *chosen;
    reply_hash = connections_.table().hash(reply);
  } else if (server->forwarding == Forwarding::kNat) {
    reply = Nat::reply_tuple(key, target);
    reply_hash = connections_.table().hash(reply);
    if (const auto reason = why_no_replies(reply, reply_hash)) {
      connections_.give_back(*server, state);
      return drop(packet, *reason);
    }
  }
  const uint32_t id = connections_.open(key, hash, service, *server, state);
  if (id == kNoConnection) {
    connections_.give_back(*server, state);
    return drop(packet, Verdict::kConnectionTableFull);
  }
  connections_.table().at(id).vip = vip & 0xfff;
  if (fullnat) connections_.use_local_address(id, out);
  const bool told = !adopted || connections_.adopt(id, hash);
  const bool has_reply = sees_replies(server->forwarding);
  if (!told || (has_reply && !connections_.expect_replies(id, reply, reply_hash))) {
    connections_.close(id);
    return drop(packet, Verdict::kConnectionTableFull);
  }
  limit_mss(packet, connections_.table().at(id), false);
  forward(packet, id);
}

/// Of a SYN, as the service says: what the other side may send must fit with what is put around it
/// or into it.
void Pipeline::limit_mss(const Packet& packet, const Connection& connection, bool reply) {
  if (packet.protocol != wire::kProtoTcp || !(packet.tcp_flags & wire::kTcpSyn)) return;
  const MssPolicy& policy = context_.snapshot->services[connection.service]->mss;
  if (policy.kind == MssPolicy::Kind::kOff) return;
  const bool fixed = policy.kind == MssPolicy::Kind::kFixed;
  const bool tells = reply && tells_address(connection);
  if (!tells && fixed) return clamp_mss(packet, policy.value);
  const bool crosses =
      connection.forwarding == Forwarding::kFullnat && between_families(connection);
  if (!tells && crosses)
    return clamp_mss(packet, static_cast<uint16_t>(mss_between_families(packet, connection)));
  if (!tells && connection.forwarding != Forwarding::kTun) return;
  uint32_t mtu = transmitter_.mtu(context_.next_hops->word(connection.next_hop));
  if (!tells) {
    const Encapsulation& tunnel = *context_.snapshot->tunnels[connection.server];
    mtu = tunnel_mtu(tunnel, packet.family, mtu, context_.now);
  }
  const uint32_t headers = packet.l4 - Packet::kL3 + unsigned{sizeof(wire::Tcp)};
  if (mtu <= headers) return;
  const auto limit = static_cast<uint16_t>(mtu - headers);
  if (!tells) return clamp_mss(packet, limit);
  // `fixed` speaks of the client's data, what is told comes on top; the way's limit is for both.
  clamp_mss(packet, limit, telling_bytes(connection));
  if (fixed) clamp_mss(packet, policy.value);
}

/// A segment must fit on the server's side by the server's IP version and on that of the packet
/// that comes by its own, whoever sends it.
uint32_t Pipeline::mss_between_families(const Packet& packet, const Connection& connection) const {
  const auto room = [](uint32_t mtu, bool v4) {
    const auto headers =
        static_cast<uint32_t>((v4 ? sizeof(wire::Ipv4) : sizeof(wire::Ipv6)) + sizeof(wire::Tcp));
    return mtu > headers ? mtu - headers : 1;
  };
  const uint32_t server = transmitter_.mtu(context_.next_hops->word(connection.next_hop));
  return std::min(room(server, connection.reply.is_v4()),
                  room((*context_.ports)[packet.in].mtu, packet.family == Family::kIpv4));
}

/// The tuple of replies to a local address and port of the pool of port `out`.
std::optional<FlowKey> Pipeline::choose_local(const FlowKey& key, const Candidate& server,
                                              const Target& target, PortIndex out) {
  ServerCounters& counters = (*context_.servers)[server.server];
  const uint16_t port = target.port != 0 ? target.port : destination_port(key);
  const auto& pool = context_.snapshot->local_pools[out].of(target.address.family());
  const uint64_t used = counters.active.get() + counters.inactive.get();
  return local_ports_.choose({target.address, port}, key.protocol(), pool,
                             static_cast<uint32_t>(used), counters.local_cursor);
}

/// No local port is left on this worker. Another one may have some: each is asked once. The last
/// one says no, and counts it at the port whose pool it is.
void Pipeline::pass_on(Packet& packet, PortIndex out) {
  if (packet.refused_by + 1u < context_.workers) {
    const auto next = static_cast<WorkerIndex>((context_.index + 1) % context_.workers);
    return hand_on(packet, next, kRefused + packet.refused_by + 1u);
  }
  replier_.refuse(packet);
  context_.count(out, Verdict::kLocalPortsUsedUp);
  rte_pktmbuf_free(packet.mbuf);
}

/// Why a connection whose replies have this tuple cannot be; nothing where it can. An old
/// connection of the same tuple that is over gives way.
std::optional<Verdict> Pipeline::why_no_replies(const FlowKey& reply, uint64_t hash) {
  const uint32_t other = connections_.table().find(reply, hash);
  if (other != kNoConnection) {
    const uint32_t id = connection_id(other);
    const uint8_t state = connections_.table().at(id).state;
    if (state >= kTcpStates || !is_reused_by_syn(static_cast<TcpState>(state)))
      return Verdict::kTupleInUse;
    connections_.close(id);
  }
  if (!connections_.directory().can_announce(reply)) return Verdict::kHandoffFull;
  return std::nullopt;
}

/// An ICMP error about no connection of this worker's. Another one may know it: the device, which
/// spreads ICMP by other addresses, could not bring it there, nor could the worker that received it
/// where only this one has been told. Else it is like any other ICMP, the kernel's.
void Pipeline::deliver_error(Packet& packet, uint64_t hash) {
  if (packet.may_hand_off && connections_.directory().any()) {
    const WorkerIndex worker = connections_.directory().owner(hash);
    if (worker != context_.index) return hand_on(packet, worker, kHandedTwice);
  }
  punt(packet, false);
}

/// IP to one address, and no service for it: the kernel's, unless a service has the address for
/// itself.
void Pipeline::deliver_unserved(Packet& packet, const FlowKey& key) {
  const AddressTable::Entry* entry =
      context_.snapshot->addresses.find(destination_of(key, packet.family));
  if (entry != nullptr && !context_.held->held(entry->vip)) {
    if (packet.kind == Kind::kFlow) return drop(packet, Verdict::kVipNotHeld);
    packet.verdict = Verdict::kVipNotHeld;
    packet.kind = Kind::kDrop;
    return;
  }
  const bool silent = entry != nullptr && entry->silent;
  bool to_kernel = entry == nullptr || (entry->kind == AddressKind::kLocal && !silent);
  if (!to_kernel && !silent && packet.kind == Kind::kFlow)
    to_kernel = std::find(entry->local_ports.begin(), entry->local_ports.end(),
                          destination_port(key)) != entry->local_ports.end();
  if (!to_kernel && !silent && packet.kind != Kind::kFlow)
    to_kernel = packet.protocol == wire::kProtoIcmp || packet.protocol == wire::kProtoIcmpv6;
  // The end of a connection that is no more, under an address that the client never saw. A SYN is
  // the real server's own affair, and what comes to us answers us (a health check).
  if (entry == nullptr && packet.kind == Kind::kFlow && has_states(packet.protocol) &&
      !(packet.tcp_flags & wire::kTcpSyn) &&
      context_.snapshot->reply_sources.contains(source_of(key, packet.family), source_port(key),
                                                packet.protocol))
    return drop(packet, Verdict::kStrayReply);
  if (to_kernel) {
    // parse_all() leaves the packet to deliver_others(); a flow is past that point.
    if (packet.kind == Kind::kFlow) {
      punt(packet, false);
      if (packet.fragmented && may_follow(packet, key))
        tell_of_first(packet, key, FragmentWay{true});
      return;
    }
    packet.kind = Kind::kPunt;
    return;
  }
  if (packet.kind == Kind::kFlow)
    return drop(packet,
                entry->kind == AddressKind::kPool ? Verdict::kStrayReply : Verdict::kNotListening);
  packet.verdict = Verdict::kNotListening;
  packet.kind = Kind::kDrop;
}

}  // namespace lbd
