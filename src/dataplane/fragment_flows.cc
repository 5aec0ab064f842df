// SPDX-License-Identifier: Apache-2.0
#include "dataplane/packet_fields.h"
#include "dataplane/pipeline.h"

// The pipeline's stage for fragments (fragment.h has the theory).
namespace lbd {

/// A first fragment, by whatever method. The others are told of it when it is on its way.
void Pipeline::forward_first(Packet& packet, const Connection& connection) {
  // Whose addresses the others would have to get is not told to their worker.
  if (sees_replies(connection.forwarding)) return drop(packet, Verdict::kFragment);
  const FragmentWay way{false, connection.forwarding, connection.server, connection.next_hop,
                        tunnel_flow_hash(connection.key.address, connection.key.ports_protocol)};
  const FlowKey key = connection.key;
  forward_fragment(packet, way);
  tell_of_first(packet, key, way);
}

/// Any fragment, where it is known what became of the first.
void Pipeline::forward_fragment(Packet& packet, const FragmentWay& way) {
  if (way.punt || way.forwarding == Forwarding::kLocal) return punt(packet, false);
  // Its connections are being removed; its id may soon be another's.
  if (context_.snapshot->purged[way.server]) return drop(packet, Verdict::kNoConnection);
  if (packet.kind == Kind::kFragment) {
    ServerCounters& server = (*context_.servers)[way.server];
    server.packets_in.add(1);
    server.bytes_in.add(packet.ip_length);
  }
  const bool sent = way.forwarding == Forwarding::kDr
                        ? direct_routing_.forward(packet, way.next_hop)
                        : tunnel_.forward(packet, *context_.snapshot->tunnels[way.server],
                                          way.next_hop, way.flow_hash);
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

/// A fragment that is not the first: one to a service goes to the worker for its addresses, and
/// there, when the first ones of the burst are on their way, to follow_fragments().
void Pipeline::sort_fragment(unsigned index, const FlowKey& key) {
  Packet& packet = burst_.packets[index];
  const AddressTable::Entry* entry =
      context_.snapshot->addresses.find(destination_of(key, packet.family));
  if (entry == nullptr || entry->kind != AddressKind::kService || !has_ports(packet.protocol) ||
      !context_.held->held(entry->vip))
    return deliver_unserved(packet, key);
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
