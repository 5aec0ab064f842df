// SPDX-License-Identifier: Apache-2.0
#include "dataplane/pipeline.h"

#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include <algorithm>

#include "common/wire.h"
#include "dataplane/parse.h"

namespace lbd {
namespace {

/// What the kernel gets of a worker's bulk packets: enough for a fast file copy through the twin,
/// not enough to take the tap thread's core from everybody else.
constexpr uint64_t kPuntPerSecond = 100'000;
constexpr uint64_t kPuntBurst = 4'096;

IpAddress destination_of(const FlowKey& key, Family family) {
  if (family == Family::kIpv6) return IpAddress::v6(&key.address[2]);
  const auto raw = static_cast<uint32_t>(key.address[0] >> 32);
  return IpAddress::v4(&raw);
}

IpAddress source_of(const FlowKey& key, Family family) {
  return family == Family::kIpv6 ? IpAddress::v6(&key.address[0]) : IpAddress::v4(&key.address[0]);
}

uint16_t destination_port(const FlowKey& key) {
  return Be16::from_raw(static_cast<uint16_t>(key.ports_protocol >> 16)).host();
}

/// IPv6 with headers between its own and the transport's.
bool is_extended(const Packet& packet) {
  return packet.family == Family::kIpv6 && packet.l4 != Packet::kL3 + sizeof(wire::Ipv6);
}

uint8_t ttl_of(const Packet& packet) {
  const size_t offset =
      packet.family == Family::kIpv4 ? offsetof(wire::Ipv4, ttl) : offsetof(wire::Ipv6, hop_limit);
  return *rte_pktmbuf_mtod_offset(packet.mbuf, const uint8_t*, Packet::kL3 + offset);
}

constexpr uint8_t kStateFlags = wire::kTcpSyn | wire::kTcpFin | wire::kTcpRst;

}  // namespace

Pipeline::Pipeline(WorkerContext& context, ConnectionTracker& connections, const Owner& owner,
                   uint64_t hz)
    : context_(context),
      connections_(connections),
      owner_(owner),
      transmitter_(context, hz),
      replier_(context, transmitter_, hz),
      direct_routing_(context, transmitter_, replier_),
      punt_bucket_(kPuntPerSecond, kPuntBurst, hz) {}

// --- The path ---

void Pipeline::receive(rte_mbuf** mbufs, unsigned n, PortIndex in) {
  context_.count(in, Origin::kReceived, n);
  for (unsigned i = 0; i < n; ++i) burst_.packets[i].in = in;
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
  deliver_others();
}

// --- Stages ---

void Pipeline::parse_all() {
  burst_.flows = 0;
  for (unsigned i = 0; i < burst_.count; ++i) {
    Packet& packet = burst_.packets[i];
    FlowKey& key = burst_.keys[burst_.flows];
    parse(packet, key, (*context_.ports)[packet.in].mac);
    if (packet.kind == Kind::kFlow) {
      burst_.flow_packet[burst_.flows++] = static_cast<uint8_t>(i);
    } else if (packet.kind == Kind::kDirected || packet.kind == Kind::kFragment) {
      // Rare: settled here, while the addresses are at hand. Workers need no owner for it.
      deliver_unserved(packet, key);
    }
  }
}

void Pipeline::steer() {
  unsigned mine = 0;
  for (unsigned i = 0; i < burst_.flows; ++i) {
    Packet& packet = burst_.packets[burst_.flow_packet[i]];
    const bool asked = steer_ == Steer::kAll || is_extended(packet);
    const WorkerIndex worker = asked ? owner_.of(burst_.keys[i]) : context_.index;
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
/// room by closing another one that this burst still needs.
bool Pipeline::forward_hit(Packet& packet, uint32_t id) {
  Connection& connection = connections_.table().at(id);
  if (packet.protocol == wire::kProtoTcp) {
    if (packet.tcp_flags & wire::kTcpSyn) return false;
    const bool settled = connection.state == static_cast<uint8_t>(TcpState::kEstablished);
    if ((!settled || packet.tcp_flags & kStateFlags) && !follow_tcp(packet, id)) return true;
  }
  forward(packet, id);
  return true;
}

/// Moves the connection's state; false where the packet was dropped instead, because its checksum
/// does not bear what it asks for.
bool Pipeline::follow_tcp(Packet& packet, uint32_t id) {
  const Connection& connection = connections_.table().at(id);
  const auto state = static_cast<TcpState>(connection.state);
  const TcpState next = next_state_input_only(state, tcp_event(packet.tcp_flags));
  if (next == state) return true;
  if (!l4_checksum_valid(packet)) {
    drop(packet, Verdict::kBadL4Checksum);
    return false;
  }
  connections_.set_state(id, static_cast<uint8_t>(next));
  return true;
}

void Pipeline::forward(Packet& packet, uint32_t id) {
  Connection& connection = connections_.table().at(id);
  if (connection.last_seen != context_.now) connection.last_seen = context_.now;
  ServerCounters& server = (*context_.servers)[connection.server];
  server.packets_in.add(1);
  server.bytes_in.add(packet.ip_length);
  if (connection.forwarding == Forwarding::kLocal) [[unlikely]]
    return punt(packet, false);
  if (!direct_routing_.forward(packet, connection.next_hop)) [[unlikely]]
    drop(packet, packet.verdict);
}

// --- New flows
// ------------------------------------------------------------------------------------

void Pipeline::open_flow(Packet& packet, const FlowKey& key, uint64_t hash) {
  // Looked up again: an earlier packet of this burst may have made or closed the connection.
  const uint32_t id = connections_.table().find(key, hash);
  if (id != kNoConnection) {
    const auto state = static_cast<TcpState>(connections_.table().at(id).state);
    const bool starts_over = packet.protocol == wire::kProtoTcp &&
                             (packet.tcp_flags & (kStateFlags | wire::kTcpAck)) == wire::kTcpSyn &&
                             is_reused_by_syn(state);
    if (!starts_over) {
      if (packet.protocol == wire::kProtoTcp && !follow_tcp(packet, id)) return;
      return forward(packet, id);
    }
    if (!l4_checksum_valid(packet)) return drop(packet, Verdict::kBadL4Checksum);
    connections_.close(id);
  }
  const Service* service = context_.snapshot->listens.find(destination_of(key, packet.family),
                                                           destination_port(key), packet.protocol);
  if (service == nullptr) return deliver_unserved(packet, key);
  start_connection(packet, key, hash, *service);
}

void Pipeline::start_connection(Packet& packet, const FlowKey& key, uint64_t hash,
                                const Service& service) {
  const bool tcp = packet.protocol == wire::kProtoTcp;
  if (tcp && (packet.tcp_flags & (kStateFlags | wire::kTcpAck)) != wire::kTcpSyn)
    return drop(packet, Verdict::kNoConnection);
  if (context_.snapshot->addresses.find(source_of(key, packet.family)) != nullptr)
    return drop(packet, Verdict::kMartian);  // our own address, from outside
  if (!l4_checksum_valid(packet)) return drop(packet, Verdict::kBadL4Checksum);
  if (ttl_of(packet) <= 1) {  // before it takes a turn and a place
    replier_.time_exceeded(packet);
    return drop(packet, Verdict::kTtlExceeded);
  }
  const Candidate* server = pick(service, context_.index, context_.exact);
  if (server == nullptr) {
    replier_.refuse(packet);
    return drop(packet, Verdict::kNoRealServer);
  }
  const auto state = tcp ? static_cast<uint8_t>(
                               next_state_input_only(TcpState::kNone, tcp_event(packet.tcp_flags)))
                         : kStateUdp;
  const uint32_t id = connections_.open(key, hash, service, *server, state);
  if (id == kNoConnection) return drop(packet, Verdict::kConnectionTableFull);
  forward(packet, id);
}

/// IP to one address, and no service for it: the kernel's, unless a service has the address for
/// itself.
void Pipeline::deliver_unserved(Packet& packet, const FlowKey& key) {
  const AddressTable::Entry* entry =
      context_.snapshot->addresses.find(destination_of(key, packet.family));
  bool to_kernel = entry == nullptr || entry->kind == AddressKind::kLocal;
  if (!to_kernel && packet.kind == Kind::kFlow)
    to_kernel = std::find(entry->local_ports.begin(), entry->local_ports.end(),
                          destination_port(key)) != entry->local_ports.end();
  if (!to_kernel && packet.kind == Kind::kDirected)
    to_kernel = packet.protocol == wire::kProtoIcmp || packet.protocol == wire::kProtoIcmpv6;
  if (to_kernel) {
    // parse_all() leaves the packet to deliver_others(); a flow is past that point.
    if (packet.kind == Kind::kFlow) return punt(packet, false);
    packet.kind = Kind::kPunt;
    return;
  }
  if (packet.kind == Kind::kFlow) return drop(packet, Verdict::kNotListening);
  packet.verdict = packet.kind == Kind::kFragment ? Verdict::kFragment : Verdict::kNotListening;
  packet.kind = Kind::kDrop;
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
  HandOff& out = hand_offs_[worker];
  out.mbufs[out.count++] = packet.mbuf;
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
  transmitter_.check_held();
  transmitter_.flush();
}

}  // namespace lbd
