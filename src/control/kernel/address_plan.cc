// SPDX-License-Identifier: Apache-2.0
#include "control/kernel/address_plan.h"

#include <array>
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

/// A prefix of up to so many host bits is given to the kernel address by address, so that it
/// answers ARP, neighbour solicitations and ping for each; a larger one must be routed to the
/// director.
constexpr int kExpandedBits = 8;

std::vector<IpAddress> hosts_of(const config::Listen& listen) {
  std::vector<IpAddress> out;
  const unsigned hosts = 1u << (listen.address.bits() - listen.length);
  std::array<uint8_t, 16> bytes = listen.address.bytes();
  uint8_t& last = bytes[listen.address.size() - 1];
  const uint8_t first = last;
  for (unsigned i = 0; i < hosts; ++i) {
    last = static_cast<uint8_t>(first + i);
    out.push_back(listen.address.is_v4() ? IpAddress::v4(bytes.data())
                                         : IpAddress::v6(bytes.data()));
  }
  return out;
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
  for (size_t i = 0; i < config.ports.size(); ++i) {
    for (const IpAddress& address : config.ports[i].local_addresses)
      if (known.insert(address).second)
        plan[i].push_back({Prefix{address, static_cast<uint8_t>(address.bits())}, true});
  }
  if (plan.empty()) return plan;
  for (const config::Service& service : config.services) {
    for (const config::Listen& listen : service.listen) {
      const auto bits = static_cast<uint8_t>(listen.address.bits());
      if (bits - listen.length > kExpandedBits) continue;
      for (const IpAddress& address : hosts_of(listen)) {
        if (!known.insert(address).second) continue;
        plan[port_of(config.ports, address)].push_back({Prefix{address, bits}, true});
      }
    }
  }
  return plan;
}

}  // namespace lbd
