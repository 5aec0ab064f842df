// SPDX-License-Identifier: Apache-2.0
#include "dataplane/pipeline.h"

#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "common/wire.h"
#include "dataplane/packet_fields.h"
#include "dataplane/parse.h"
#include "dataplane/transport_checksum.h"

namespace lbd {
namespace {

/// What the kernel gets of a worker's bulk packets: enough for a fast file copy through the twin,
/// not enough to take the tap thread's core from everybody else.
constexpr uint64_t kPuntPerSecond = 100'000;
constexpr uint64_t kPuntBurst = 4'096;

/// IPv6 with headers between its own and the transport's.
bool is_extended(const Packet& packet) {
  return packet.family == Family::kIpv6 && packet.l4 != Packet::kL3 + sizeof(wire::Ipv6);
}

}  // namespace

Pipeline::Pipeline(WorkerContext& context, ConnectionTracker& connections, const Owner& owner,
                   const LocalPortTable& local_ports, const FragmentLimits& fragments, uint64_t hz)
    : context_(context),
      connections_(connections),
      owner_(owner),
      transmitter_(context, hz),
      replier_(context, transmitter_, hz),
      direct_routing_(context, transmitter_, replier_),
      tunnel_(context, transmitter_, replier_),
      tunnel_errors_(context, replier_),
      nat_(context, transmitter_, replier_),
      identifications_(context),
      nat64_(context, transmitter_, replier_, identifications_),
      translated_fragments_(context, transmitter_, replier_),
      scheduling_(context, connections, hz),
      local_ports_(local_ports, owner, connections.table(), context.index),
      fragments_(fragments),
      punt_bucket_(kPuntPerSecond, kPuntBurst, hz) {}

// --- The path ---

void Pipeline::receive(rte_mbuf** mbufs, unsigned n, PortIndex in) {
  context_.count(in, Origin::kReceived, n);
  for (unsigned i = 0; i < n; ++i) {
    burst_.packets[i].in = in;
    burst_.packets[i].may_hand_off = false;
    burst_.packets[i].refused_by = 0;
  }
  // Cards hash what they understand: IPv6 behind extension headers is steered by software even so.
  steer_ = context_.workers == 1       ? Steer::kNone
           : (*context_.ports)[in].rss ? Steer::kExtended
                                       : Steer::kAll;
  run(mbufs, n);
}

void Pipeline::take_over(rte_mbuf** mbufs, unsigned n) {
  for (unsigned i = 0; i < n; ++i) {
    const auto in = static_cast<PortIndex>(mbufs[i]->port);
    burst_.packets[i].in = in;
    const uint32_t mark = mbufs[i]->hash.usr;
    burst_.packets[i].may_hand_off = mark != kHandedTwice;
    burst_.packets[i].refused_by = mark >= kRefused ? static_cast<uint8_t>(mark - kRefused) : 0;
    context_.count(in, Origin::kHandedIn);
  }
  steer_ = Steer::kNone;  // what was handed off is never handed off again
  run(mbufs, n);
}

void Pipeline::run(rte_mbuf** mbufs, unsigned n) {
  burst_.count = n;
  for (unsigned i = 0; i < n; ++i) {
    burst_.packets[i].mbuf = mbufs[i];
    rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], void*));
  }
  parse_all();
  if (steer_ != Steer::kNone) steer();
  find_connections();
  forward_known();
  open_flows();
  if (burst_.fragments != 0) [[unlikely]]
    follow_fragments();
  deliver_others();
}

// --- Stages ---

void Pipeline::parse_all() {
  burst_.flows = 0;
  burst_.fragments = 0;
  for (unsigned i = 0; i < burst_.count; ++i) {
    Packet& packet = burst_.packets[i];
    FlowKey& key = burst_.keys[burst_.flows];
    const PortInfo& port = (*context_.ports)[packet.in];
    parse(packet, key, port.mac, port.virtual_macs);
    if (packet.kind == Kind::kFlow && (packet.quote == 0 || !take_tunnel_error(packet))) {
      burst_.flow_packet[burst_.flows++] = static_cast<uint8_t>(i);
    } else if (packet.kind == Kind::kDirected || packet.kind == Kind::kFragment) {
      // Rare: settled here, while the addresses are at hand. Workers need no owner for it.
      if (packet.kind == Kind::kFragment) {
        sort_fragment(i, key);
      } else if (!take_tunnel_error(packet)) {
        deliver_unserved(packet, key);
      }
    }
  }
}

/// True where the packet is an ICMP error about one of ours in a tunnel, and has been seen to.
bool Pipeline::take_tunnel_error(Packet& packet) {
  if (!tunnel_errors_.take(packet)) return false;
  packet.kind = Kind::kDrop;
  packet.verdict = Verdict::kTunnelError;
  return true;
}

/// The owner of a flow of this burst: of a reply by nat the worker that told of it, else by the
/// owner function, where the device did not ask that.
WorkerIndex Pipeline::worker_for(const Packet& packet, unsigned flow) const {
  const FlowKey& key = burst_.keys[flow];
  if (connections_.directory().any()) {
    const WorkerIndex worker = connections_.directory().owner(burst_.hashes[flow]);
    if (worker != context_.index) return worker;
  }
  // Cards spread ICMP by its addresses, which are not those that it is about, fragments and often
  // SCTP by addresses alone.
  if (steer_ != Steer::kAll && !is_extended(packet) && packet.quote == 0 && !packet.fragmented &&
      packet.protocol != wire::kProtoSctp)
    return context_.index;
  const WorkerIndex worker = owner_.of(key);
  // The reply to a connection of this worker's own looks like another's.
  if (worker != context_.index && connections_.keeps_foreign() &&
      connections_.table().find(key, burst_.hashes[flow]) != kNoConnection)
    return context_.index;
  return worker;
}

void Pipeline::steer() {
  ReplyDirectory& directory = connections_.directory();
  // After receiving: what the directory needs to know of these packets has been told by now.
  if (!context_.snapshot->reply_sources.empty()) directory.hear();
  if (directory.any() || connections_.keeps_foreign()) {
    connections_.table().hash_and_prefetch(burst_.keys.data(), burst_.flows, burst_.hashes.data());
    for (unsigned i = 0; i < burst_.flows; ++i) directory.prefetch(burst_.hashes[i]);
  }
  unsigned mine = 0;
  for (unsigned i = 0; i < burst_.flows; ++i) {
    Packet& packet = burst_.packets[burst_.flow_packet[i]];
    const WorkerIndex worker = worker_for(packet, i);
    if (worker != context_.index) {
      hand_off(packet, worker);
      continue;
    }
    if (mine != i) {
      burst_.keys[mine] = burst_.keys[i];
      burst_.flow_packet[mine] = burst_.flow_packet[i];
    }
    ++mine;
  }
  burst_.flows = mine;
  for (unsigned worker = 0; worker < context_.workers; ++worker)
    if (hand_offs_[worker].count != 0) flush_hand_off(static_cast<WorkerIndex>(worker));
}

void Pipeline::find_connections() {
  ConnectionTable& table = connections_.table();
  table.hash_and_prefetch(burst_.keys.data(), burst_.flows, burst_.hashes.data());
  table.lookup(burst_.keys.data(), burst_.hashes.data(), burst_.flows, burst_.connections.data());
}

void Pipeline::forward_known() {
  pending_count_ = 0;
  for (unsigned i = 0; i < burst_.flows; ++i) {
    Packet& packet = burst_.packets[burst_.flow_packet[i]];
    const uint32_t id = burst_.connections[i];
    if (id == kNoConnection || !forward_hit(packet, id))
      pending_[pending_count_++] = static_cast<uint8_t>(i);
  }
}

void Pipeline::open_flows() {
  for (unsigned i = 0; i < pending_count_; ++i) {
    const unsigned flow = pending_[i];
    open_flow(burst_.packets[burst_.flow_packet[flow]], burst_.keys[flow], burst_.hashes[flow]);
  }
}

void Pipeline::deliver_others() {
  for (unsigned i = 0; i < burst_.count; ++i) {
    Packet& packet = burst_.packets[i];
    if (packet.kind == Kind::kPunt || packet.kind == Kind::kPuntPriority) {
      punt(packet, packet.kind == Kind::kPuntPriority);
    } else if (packet.kind == Kind::kDrop) {
      drop(packet, packet.verdict);
    }
  }
}

// --- Known connections
// ----------------------------------------------------------------------------

/// False where the packet must be looked at alone: a SYN may start the connection over, or make
/// room by closing another one that this burst still needs; a connection may leave its server.
bool Pipeline::forward_hit(Packet& packet, uint32_t found) {
  const Connection& connection = connections_.table().at(connection_id(found));
  // It keeps its connections for the day it comes back.
  if (!context_.held->held(connection.vip)) [[unlikely]] {
    drop(packet, Verdict::kVipNotHeld);
    return true;
  }
  if (context_.snapshot->partings && leaves_server(packet, found)) [[unlikely]]
    return false;
  if (has_states(packet.protocol)) {
    if (packet.tcp_flags & wire::kTcpSyn) return false;
    const bool settled = connection.state == static_cast<uint8_t>(TcpState::kEstablished);
    if ((!settled || packet.tcp_flags & kStateFlags) && !follow_tcp(packet, found)) return true;
  }
  forward(packet, found);
  return true;
}

/// Moves the connection's state; false where the packet was dropped instead, because its checksum
/// does not bear what it asks for.
bool Pipeline::follow_tcp(Packet& packet, uint32_t found) {
  const uint32_t id = connection_id(found);
  const Connection& connection = connections_.table().at(id);
  const auto state = static_cast<TcpState>(connection.state);
  const TcpView view = is_reply(found)                       ? TcpView::kOutput
                       : sees_replies(connection.forwarding) ? TcpView::kInput
                                                             : TcpView::kInputOnly;
  const TcpState next = next_state(view, state, tcp_event(packet.tcp_flags));
  if (next == state) return true;
  if (!l4_checksum_valid(packet)) {
    drop(packet, Verdict::kBadL4Checksum);
    return false;
  }
  connections_.set_state(id, static_cast<uint8_t>(next));
  return true;
}

void Pipeline::forward(Packet& packet, uint32_t found) {
  Connection& connection = connections_.table().at(connection_id(found));
  if (packet.quote == 0) [[likely]]
    count(packet, connection, is_reply(found));
  if (packet.fragmented) [[unlikely]]
    return forward_first(packet, connection, is_reply(found));
  bool sent = false;
  switch (connection.forwarding) {
    case Forwarding::kDr:
      sent = direct_routing_.forward(packet, connection.next_hop);
      break;
    case Forwarding::kTun:
      sent = forward_by_tunnel(packet, connection);
      break;
    case Forwarding::kLocal:
      return punt(packet, false);
    case Forwarding::kNat:
      sent =
          is_reply(found) ? nat_.to_client(packet, connection) : nat_.to_server(packet, connection);
      break;
    case Forwarding::kFullnat:
      sent = forward_by_fullnat(packet, connection, is_reply(found));
      break;
  }
  if (!sent) [[unlikely]]
    drop(packet, packet.verdict);
}

bool Pipeline::forward_by_tunnel(Packet& packet, const Connection& connection) {
  const Encapsulation& tunnel = *context_.snapshot->tunnels[connection.server];
  const uint32_t hash = tunnel_flow_hash(connection.key.address, connection.key.ports_protocol);
  return tunnel_.forward(packet, tunnel, connection.next_hop, hash);
}

bool Pipeline::forward_by_fullnat(Packet& packet, Connection& connection, bool reply) {
  if (between_families(connection)) [[unlikely]]
    return reply ? nat64_.to_client(packet, connection) : nat64_.to_server(packet, connection);
  return reply ? nat_.to_client(packet, connection) : nat_.to_server(packet, connection);
}

void Pipeline::count(const Packet& packet, Connection& connection, bool reply) {
  if (connection.last_seen != context_.now) connection.last_seen = context_.now;
  ServerCounters& server = (*context_.servers)[connection.server];
  (reply ? server.packets_out : server.packets_in).add(1);
  (reply ? server.bytes_out : server.bytes_in).add(packet.ip_length);
}

// --- Ends
// -----------------------------------------------------------------------------------------

void Pipeline::drop(Packet& packet, Verdict verdict) {
  context_.count(packet.in, verdict);
  rte_pktmbuf_free(packet.mbuf);
}

void Pipeline::punt(Packet& packet, bool priority) {
  if (!priority && !punt_bucket_.take(context_.tsc)) return drop(packet, Verdict::kPuntPoliced);
  packet.mbuf->port = packet.in;
  if (!context_.egress->punt(packet.mbuf, priority)) return drop(packet, Verdict::kPuntRingFull);
  context_.count(packet.in, Verdict::kPunted);
}

void Pipeline::hand_off(Packet& packet, WorkerIndex worker) {
  packet.mbuf->port = packet.in;
  packet.mbuf->hash.usr = 0;
  HandOff& out = hand_offs_[worker];
  out.mbufs[out.count++] = packet.mbuf;
}

/// The exceptions from what take_over() says: an ICMP error may need two trips, never three, and a
/// SYN that finds no local port sees each worker once. `mark`: for mbuf->hash.usr.
void Pipeline::hand_on(Packet& packet, WorkerIndex worker, uint32_t mark) {
  packet.mbuf->port = packet.in;
  packet.mbuf->hash.usr = mark;
  if (context_.egress->hand_off(worker, &packet.mbuf, 1) == 0)
    return drop(packet, Verdict::kHandoffFull);
  context_.count(packet.in, Verdict::kHandedOff);
}

void Pipeline::flush_hand_off(WorkerIndex worker) {
  // Only receive() hands off, so one port stands for the whole burst.
  const PortIndex in = burst_.packets[0].in;
  HandOff& out = hand_offs_[worker];
  const auto count = static_cast<uint16_t>(out.count);
  const uint16_t taken = context_.egress->hand_off(worker, out.mbufs.data(), count);
  context_.count(in, Verdict::kHandedOff, taken);
  context_.count(in, Verdict::kHandoffFull, count - taken);
  if (taken != count) rte_pktmbuf_free_bulk(&out.mbufs[taken], count - taken);
  out.count = 0;
}

void Pipeline::send_frames(rte_mbuf** mbufs, unsigned n, Origin origin) {
  for (unsigned i = 0; i < n; ++i) {
    const auto out = static_cast<PortIndex>(mbufs[i]->port);
    context_.count(out, origin);
    transmitter_.send_frame(mbufs[i], out);
  }
}

void Pipeline::end_loop() {
  connections_.directory().hear();
  fragments_.expire(context_.now, [this](Packet& packet) {
    context_.counters->held.sub(1);
    drop(packet, Verdict::kFragmentTimeout);
  });
  transmitter_.check_held();
  transmitter_.flush();
}

}  // namespace lbd
