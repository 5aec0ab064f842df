// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "dataplane/snapshot.h"

namespace lbd {

void complete_tunnels(Snapshot& snapshot) {
  PortAddresses any;
  for (const PortAddresses& own : snapshot.port_addresses) {
    if (!any.ipv4) any.ipv4 = own.ipv4;
    if (!any.ipv6) any.ipv6 = own.ipv6;
  }
  for (size_t port = 0; port < snapshot.port_addresses.size(); ++port) {
    const PortAddresses& own = snapshot.port_addresses[port];
    snapshot.tunnel_sources[port] = {own.ipv4 ? own.ipv4 : any.ipv4,
                                     own.ipv6 ? own.ipv6 : any.ipv6};
  }
  for (const auto& tunnel : snapshot.tunnels)
    if (tunnel) snapshot.tunnel_ends.push_back({tunnel->destination(), tunnel});
  std::sort(snapshot.tunnel_ends.begin(), snapshot.tunnel_ends.end(), Snapshot::TunnelEnd::Less());
}

}  // namespace lbd
