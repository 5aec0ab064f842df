// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <tuple>

#include "dataplane/packet_fields.h"
#include "dataplane/pipeline.h"
#include "dataplane/transport_checksum.h"

// The pipeline's stage for services of one_packet: each datagram is scheduled alone and nothing is
// remembered of it. By nat, what comes from such a server is known by the server alone.
namespace lbd {
namespace {

auto place(const OnePacketReplies::Entry& entry) {
  return std::tie(entry.server, entry.server_port);
}

}  // namespace

OnePacketReplies::OnePacketReplies(std::vector<Entry> entries) : entries_(std::move(entries)) {
  std::sort(entries_.begin(), entries_.end(),
            [](const Entry& a, const Entry& b) { return place(a) < place(b); });
}

const OnePacketReplies::Entry* OnePacketReplies::find(const IpAddress& server,
                                                      uint16_t port) const {
  for (const uint16_t wanted : {port, uint16_t{0}}) {
    const auto found = std::lower_bound(
        entries_.begin(), entries_.end(), std::tie(server, wanted),
        [](const Entry& entry, const auto& sought) { return place(entry) < sought; });
    if (found != entries_.end() && place(*found) == std::tie(server, wanted)) return &*found;
  }
  return nullptr;
}

void Pipeline::forward_once(Packet& packet, const FlowKey& key, const Candidate& server,
                            uint8_t state) {
  connections_.give_back(server, state);
  ServerCounters& counters = (*context_.servers)[server.server];
  counters.connections.add(1);
  counters.packets_in.add(1);
  counters.bytes_in.add(packet.ip_length);
  FragmentWay way{false, server.forwarding, server.server, server.next_hop,
                  tunnel_flow_hash(key.address, key.ports_protocol)};
  if (server.forwarding == Forwarding::kNat)
    way.opposite = Nat::reply_tuple(key, context_.snapshot->targets[server.server]);
  forward_fragment(packet, way);
  if (packet.fragmented) tell_of_first(packet, key, way);
}

/// What a server of such a service by nat sends to a client, or an ICMP error about what went to
/// it: seen to. False where it is neither, and `packet` is as it was.
bool Pipeline::reply_once(Packet& packet, const FlowKey& key) {
  if (key.protocol() != wire::kProtoUdp) return false;
  const uint16_t port = source_port(key);
  const auto* entry =
      context_.snapshot->one_packet_replies.find(source_of(key, packet.family), port);
  if (entry == nullptr) return false;
  const AddressTable::Entry* address = context_.snapshot->addresses.find(entry->address);
  if (address != nullptr && !context_.held->held(address->vip)) {
    drop(packet, Verdict::kVipNotHeld);
    return true;
  }
  if (packet.quote != 0 && !l4_checksum_valid(packet)) {
    drop(packet, Verdict::kBadL4Checksum);
    return true;
  }
  if (packet.quote == 0) {
    ServerCounters& counters = (*context_.servers)[entry->id];
    counters.packets_out.add(1);
    counters.bytes_out.add(packet.ip_length);
  }
  FragmentWay way{false, Forwarding::kNat, entry->id, kNoId,
                  tunnel_flow_hash(key.address, key.ports_protocol)};
  way.reply = true;
  way.opposite =
      FlowKey::make({destination_of(key, packet.family), destination_port(key)},
                    {entry->address, entry->port != 0 ? entry->port : port}, wire::kProtoUdp);
  forward_fragment(packet, way);
  if (packet.fragmented) tell_of_first(packet, key, way);
  return true;
}

}  // namespace lbd
