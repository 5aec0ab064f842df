// SPDX-License-Identifier: Apache-2.0
#include <rte_mbuf.h>

#include "common/checksum.h"
#include "dataplane/packet_fields.h"
#include "dataplane/pipeline.h"
#include "dataplane/transport_checksum.h"

// The pipeline's stage for connections whose real server has failed or is no longer named, as far
// as they are not simply to go on (Fate).
namespace lbd {
namespace {

/// Turns a TCP segment into a reset of its sender's connection with its receiver: with the
/// sequence number that the receiver expects, if nothing was lost (RFC 9293 3.5.3). The payload
/// stays, receivers do not mind.
void make_reset(const Packet& packet) {
  auto* tcp = rte_pktmbuf_mtod_offset(packet.mbuf, uint8_t*, packet.l4);
  constexpr size_t kWord = offsetof(wire::Tcp, data_offset);  // with the flags behind it
  uint16_t before = 0, after = 0, sum = 0;
  std::memcpy(&before, tcp + kWord, sizeof(before));
  tcp[kWord + 1] = wire::kTcpRst;
  std::memcpy(&after, tcp + kWord, sizeof(after));
  std::memcpy(&sum, tcp + offsetof(wire::Tcp, checksum), sizeof(sum));
  sum = checksum::update(sum, before, after);
  std::memcpy(tcp + offsetof(wire::Tcp, checksum), &sum, sizeof(sum));
}

/// A client in one of these states may wait for something.
bool may_wait(uint8_t state) {
  return state == static_cast<uint8_t>(TcpState::kEstablished) ||
         state == static_cast<uint8_t>(TcpState::kFinWait) ||
         state == static_cast<uint8_t>(TcpState::kCloseWait);
}

}  // namespace

bool Pipeline::leaves_server(const Packet& packet, uint32_t found) const {
  // What a server sends, or what is said of a packet, goes to the client as before.
  if (is_reply(found) || packet.quote != 0) return false;
  return context_.snapshot->fates[connections_.table().at(connection_id(found)).server] !=
         Fate::kServed;
}

Pipeline::Leaving Pipeline::leave_server(Packet& packet, uint32_t found) {
  if (!context_.snapshot->partings || !leaves_server(packet, found)) return Leaving::kStays;
  const uint32_t id = connection_id(found);
  const Fate fate = context_.snapshot->fates[connections_.table().at(id).server];
  const bool stateful = has_states(packet.protocol);
  const bool syn = stateful && (packet.tcp_flags & (kStateFlags | wire::kTcpAck)) == wire::kTcpSyn;
  // A SYN is no packet of a connection that has been established: its client is through with it,
  // or the server has ended it by a reset that went past us.
  if (fate == Fate::kStale && !syn) return Leaving::kStays;
  if (stateful && packet.tcp_flags & wire::kTcpRst) return Leaving::kStays;
  if (!l4_checksum_valid(packet)) {
    drop(packet, Verdict::kBadL4Checksum);
    return Leaving::kEnded;
  }
  if (syn || (!stateful && fate == Fate::kReschedule)) {
    connections_.close(id);
    context_.count(Event::kConnectionMoved);
    return Leaving::kMoves;
  }
  if (packet.protocol == wire::kProtoTcp) {
    reset_both(packet, id);
  } else {
    context_.count(Event::kConnectionReset);
    replier_.refuse(packet);
    drop(packet, Verdict::kServerGone);
    connections_.close(id);
  }
  return Leaving::kEnded;
}

/// The connection stays as closed for a while: a client to which the server's data is still on the
/// way has moved on when the reset comes, and takes only a later one, with what it expects then.
void Pipeline::reset_both(Packet& packet, uint32_t id) {
  constexpr auto kClosed = static_cast<uint8_t>(TcpState::kClose);
  if (connections_.table().at(id).state != kClosed) {
    context_.count(Event::kConnectionReset);
    connections_.set_state(id, kClosed);
  }
  replier_.reset_connection(packet);
  make_reset(packet);
  forward(packet, id);
}

/// Only the client's next packet tells with which sequence number a reset of its connection is
/// accepted (RFC 5961 3.2), and a client that waits for an answer sends none. It answers a segment
/// outside its window (RFC 9293 3.10.7.4), and that answer is reset.
void Pipeline::probe_client(const Connection& connection) {
  const bool tcp = connection.key.protocol() == wire::kProtoTcp;
  if (!tcp || !may_wait(connection.state) || !context_.held->held(connection.vip)) return;
  if (context_.snapshot->fates[connection.server] != Fate::kReset) return;
  replier_.probe(connection.key, next_hop_port(context_.next_hops->word(connection.next_hop)));
}

}  // namespace lbd
