// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_set>

#include "control/config/checks.h"
#include "control/config/networks.h"

namespace lbd::config {
namespace {

/// What the rest of the file says of names, networks and addresses.
struct Surroundings {
  std::map<std::string, Networks> by_port;
  Networks all;
  std::unordered_set<IpAddress> port_addresses;
  std::unordered_set<IpAddress> sources;  // what the director may send from
  bool addresses_complete = true;         // false: an address that could not be read may be missed
  bool names_complete = true;
};

Surroundings survey(const Draft& draft) {
  Surroundings out;
  for (const PortDraft& port : draft.ports) {
    out.names_complete &= !port.port.name.empty();
    out.addresses_complete &= port.addresses_complete;
    Networks& networks = out.by_port[port.port.name];
    for (const Prefix& prefix : port.port.addresses) {
      networks.add(prefix);
      out.all.add(prefix);
      out.port_addresses.insert(prefix.address);
      out.sources.insert(prefix.address);
    }
  }
  for (const ServiceDraft& service : draft.services)
    for (const Endpoint& endpoint : service.service.listen) out.sources.insert(endpoint.address);
  for (const VrrpInstanceDraft& instance : draft.vrrp.instances)
    for (const VrrpAddress& address : instance.instance.addresses)
      out.sources.insert(address.prefix.address);
  return out;
}

void check_via(const RouteDraft& draft, const Surroundings& around) {
  if (!draft.route.via) return;
  const IpAddress& via = *draft.route.via;
  if (around.port_addresses.contains(via))
    return draft.via_at->error(via.to_string() + " is a port's own address",
                               "name the next router");
  if (!via.is_v4() && via.is_link_local()) {
    if (!draft.port_at)
      draft.via_at->error(via.to_string() + " is a link-local address",
                          "say with port on which link");
    return;
  }
  if (!around.addresses_complete) return;
  const std::string& port = draft.route.port;
  const auto named = around.by_port.find(port);
  if (!port.empty() && named == around.by_port.end()) return;
  const Networks& networks = port.empty() ? around.all : named->second;
  if (!networks.find(via))
    draft.via_at->error(
        via.to_string() + " is in no network of " + (port.empty() ? "any port" : "port " + port),
        "name a router that shares a network with a port's addresses");
}

void check_references(const RouteDraft& draft, const Surroundings& around) {
  const Route& route = draft.route;
  if (!route.port.empty() && around.names_complete && !around.by_port.contains(route.port))
    draft.port_at->error("no port is named " + quote(route.port), "name one of ports");
  if (route.source && around.addresses_complete && !around.sources.contains(*route.source))
    draft.source_at->error(route.source->to_string() + " is no address of a port or service",
                           "name an address that the director has");
}

}  // namespace

void check_routes(const Draft& draft) {
  const Surroundings around = survey(draft);
  std::map<std::tuple<Prefix, uint32_t>, const Value*> seen;
  for (const RouteDraft& route : draft.routes) {
    check_references(route, around);
    check_via(route, around);
    const auto [first, added] = seen.emplace(route.route.key(), &route.at);
    if (!added)
      route.at.error("the destination " + route.route.to.to_string() + " is that of " +
                         reference(*first->second) + " too",
                     "give each route of a destination a metric of its own");
  }
}

}  // namespace lbd::config
