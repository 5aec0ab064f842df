// SPDX-License-Identifier: Apache-2.0
#include "control/kernel/address_plan.h"

#include <set>

namespace lbd {
namespace {

size_t port_of(const std::vector<config::Port>& ports, const IpAddress& address) {
  size_t best = 0;
  int best_length = -1;
  for (size_t i = 0; i < ports.size(); ++i) {
    for (const Prefix& prefix : ports[i].addresses) {
      if (prefix.contains(address) && prefix.length > best_length) {
        best = i;
        best_length = prefix.length;
      }
    }
  }
  return best;
}

}  // namespace

std::vector<std::vector<PlannedAddress>> plan_addresses(const config::Config& config,
                                                        const std::set<IpAddress>& others) {
  std::vector<std::vector<PlannedAddress>> plan(config.ports.size());
  std::set<IpAddress> known = others;
  for (size_t i = 0; i < config.ports.size(); ++i) {
    for (const Prefix& prefix : config.ports[i].addresses) {
      plan[i].push_back({prefix, false});
      known.insert(prefix.address);
    }
  }
  if (plan.empty()) return plan;
  for (const config::Service& service : config.services) {
    for (const Endpoint& listen : service.listen) {
      if (!known.insert(listen.address).second) continue;
      const auto bits = static_cast<uint8_t>(listen.address.bits());
      plan[port_of(config.ports, listen.address)].push_back({Prefix{listen.address, bits}, true});
    }
  }
  return plan;
}

}  // namespace lbd
