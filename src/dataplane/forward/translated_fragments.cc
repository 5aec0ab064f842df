// SPDX-License-Identifier: Apache-2.0
#include "dataplane/forward/translated_fragments.h"

#include "dataplane/forward/transit.h"
#include "dataplane/forward/translate.h"

namespace lbd {
namespace {

/// The client hears an ICMP error from the service, whoever sends it.
void translate_quote(Packet& packet, const FlowKey& opposite) {
  const IpAddress service = opposite.destination().address;
  translate_error(packet, opposite, &service, opposite.source().address);
}

void rewrite(Packet& packet, const FragmentWay& way) {
  if (packet.kind == Kind::kFragment)
    translate_fragment(packet, way.opposite);
  else if (packet.quote != 0)
    translate_quote(packet, way.opposite);
  else
    translate(packet, way.opposite);
  if (way.new_id != 0) set_identification(packet, way.new_id);
  trim(packet);
}

}  // namespace

bool TranslatedFragments::forward(Packet& packet, const FragmentWay& way) {
  if (!way.reply) {
    const uint64_t word = context_.next_hops->word(way.next_hop);
    if (!may_pass(packet, transmitter_.mtu(word), replier_)) return false;
    rewrite(packet, way);
    transmitter_.send(packet.mbuf, way.next_hop, word, packet.in);
    return true;
  }
  const IpAddress client = way.opposite.source().address;
  const RouteAnswer route = find_route(*context_.routing, client, way.flow_hash);
  if (!route.found) {
    packet.verdict = Verdict::kNoRoute;
    return false;
  }
  if (!may_pass(packet, (*context_.ports)[route.port].mtu, replier_)) return false;
  rewrite(packet, way);
  transmitter_.send_routed(packet.mbuf, client, way.flow_hash, packet.in);
  return true;
}

}  // namespace lbd
