// SPDX-License-Identifier: Apache-2.0
#include "dataplane/client_address.h"
#include "dataplane/packet_fields.h"
#include "dataplane/pipeline.h"

// The pipeline's stage for fragments (fragment.h has the theory).
namespace lbd {

namespace {

/// Whether translation towards where `opposite` comes from gives a packet of `key` other ports.
bool moves_ports(const FlowKey& key, const FlowKey& opposite) {
  return key.ports_protocol != opposite.reversed().ports_protocol;
}

}  // namespace

/// A first fragment, by whatever method. The others are told of it when it is on its way.
void Pipeline::forward_first(Packet& packet, const Connection& connection, bool reply) {
  // Numbers would have to be moved under a checksum that is not complete here.
  if (static_cast<Telling>(connection.flags & kTellingBits) >= Telling::kHeaderIdle)
    return drop(packet, Verdict::kFragment);
  FragmentWay way{false, connection.forwarding, connection.server, connection.next_hop,
                  tunnel_flow_hash(connection.key.address, connection.key.ports_protocol)};
  const FlowKey key = reply ? connection.reply : connection.key;
  if (sees_replies(connection.forwarding)) {
    way.reply = reply;
    way.opposite = reply ? connection.key : connection.reply;
    // Clients behind one local address know nothing of each other's identifications (RFC 6864 5.3),
    // and of those of IPv6 only a half fits into IPv4.
    const bool shared = connection.forwarding == Forwarding::kFullnat && !reply;
    // Of an SCTP packet's checksum only the receiver of all fragments could tell the change.
    if (packet.protocol == wire::kProtoSctp && moves_ports(key, way.opposite))
      return drop(packet, Verdict::kFragment);
    if ((shared && packet.family == Family::kIpv4) || between_families(connection))
      way.new_id = identifications_.next();
  }
  const Packet first = packet;  // as it came: between IP versions it becomes another
  forward_fragment(packet, way);
  tell_of_first(first, key, way);
}

/// Any fragment, where it is known what became of the first.
void Pipeline::forward_fragment(Packet& packet, const FragmentWay& way) {
  if (way.punt || way.forwarding == Forwarding::kLocal) return punt(packet, false);
  // Its connections are being removed; its id may soon be another's.
  if (context_.snapshot->purged[way.server]) return drop(packet, Verdict::kNoConnection);
  if (packet.kind == Kind::kFragment) {
    ServerCounters& server = (*context_.servers)[way.server];
    (way.reply ? server.packets_out : server.packets_in).add(1);
    (way.reply ? server.bytes_out : server.bytes_in).add(packet.ip_length);
  }
  bool sent = false;
  if (way.forwarding == Forwarding::kDr)
    sent = direct_routing_.forward(packet, way.next_hop);
  else if (way.forwarding == Forwarding::kTun)
    sent = tunnel_.forward(packet, *context_.snapshot->tunnels[way.server], way.next_hop,
                           way.flow_hash);
  else if (way.opposite.is_v4() != (packet.family == Family::kIpv4))
    sent = nat64_.forward_fragment(packet, way);
  else
    sent = translated_fragments_.forward(packet, way);
  if (!sent) drop(packet, packet.verdict);
}

/// `key`: with the datagram's addresses.
void Pipeline::tell_of_first(const Packet& packet, const FlowKey& key, const FragmentWay& way) {
  const FragmentNote note{datagram_key(packet, key), way, packet.fragment_end};
  const WorkerIndex worker = context_.workers == 1 ? context_.index : owner_.of_addresses(key);
  if (worker == context_.index) return hear(note);
  if (!context_.egress->tell(worker, note)) context_.count(Event::kFragmentNoteLost);
}

void Pipeline::hear(const FragmentNote& note) {
  const uint64_t hash = connections_.table().hash(note.datagram);
  const auto release = [this](Packet& packet, const FragmentWay& way) {
    context_.counters->held.sub(1);
    forward_fragment(packet, way);
  };
  if (!fragments_.learn(note, hash, context_.now, release))
    context_.count(Event::kFragmentFirstAlone);
}

/// Whether the first fragment of such a datagram may be a connection's: it goes to a service, or
/// comes from a real server through the director.
bool Pipeline::may_follow(const Packet& packet, const FlowKey& key) const {
  if (!has_ports(packet.protocol)) return false;
  const AddressTable::Entry* entry =
      context_.snapshot->addresses.find(destination_of(key, packet.family));
  if (entry == nullptr) return context_.snapshot->reply_sources.has(source_of(key, packet.family));
  return entry->kind != AddressKind::kLocal && context_.held->held(entry->vip);
}

/// A fragment that is not the first: one of a service goes to the worker for its addresses, and
/// there, when the first ones of the burst are on their way, to follow_fragments().
void Pipeline::sort_fragment(unsigned index, const FlowKey& key) {
  Packet& packet = burst_.packets[index];
  if (!may_follow(packet, key)) return deliver_unserved(packet, key);
  if (steer_ != Steer::kNone) {
    const WorkerIndex worker = owner_.of_addresses(key);
    if (worker != context_.index) return hand_off(packet, worker);
  }
  burst_.datagrams[burst_.fragments] = datagram_key(packet, key);
  burst_.fragment_packet[burst_.fragments++] = static_cast<uint8_t>(index);
}

void Pipeline::follow_fragments() {
  for (unsigned i = 0; i < burst_.fragments; ++i)
    take_fragment(burst_.packets[burst_.fragment_packet[i]], burst_.datagrams[i]);
}

void Pipeline::take_fragment(Packet& packet, const FlowKey& datagram) {
  const uint64_t hash = connections_.table().hash(datagram);
  const FragmentTable::Answer answer = fragments_.take(packet, datagram, hash, context_.now);
  if (answer.held) {
    context_.count(Event::kFragmentHeld);
    context_.counters->held.add(1);
  } else if (answer.way == nullptr) {
    drop(packet, answer.drop);
  } else {
    forward_fragment(packet, *answer.way);
  }
}

}  // namespace lbd
