// SPDX-License-Identifier: Apache-2.0
#include "dataplane/routing.h"

namespace lbd {

RouteAnswer find_route(const Routing& routing, const IpAddress& destination, uint32_t flow_hash) {
  RouteAnswer answer;
  const uint32_t slot = routing.lpm(destination.family()).lookup(destination);
  if (slot == kNoRoute) return answer;
  const RouteEntry& entry = routing.entries[slot];
  if (entry.count == 0) return answer;
  const RouteHop& hop = entry.hops[flow_hash % entry.count];
  answer.found = true;
  answer.port = hop.port;
  answer.neighbour = destination;
  if (!hop.on_link) {
    answer.next_hop = hop.gateway;
    return answer;
  }
  const NeighbourMap* known = routing.neighbours[hop.port].load(std::memory_order_acquire);
  if (known == nullptr) return answer;
  const auto found = known->find(destination);
  if (found != known->end()) answer.next_hop = found->second;
  return answer;
}

}  // namespace lbd
