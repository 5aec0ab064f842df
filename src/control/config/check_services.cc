// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "control/config/checks.h"
#include "control/config/difference.h"
#include "control/config/networks.h"
#include "control/config/rules.h"

namespace lbd::config {
namespace {

/// What must differ where ranges of ports do not: protocol, address, length.
using ListenKey = std::tuple<Protocol, IpAddress, uint8_t>;

std::string family_name(const IpAddress& address) {
  return address.is_v4() ? "IPv4" : "IPv6";
}

/// Where frames can be sent without a router, and where lbd itself is.
struct Links {
  Networks networks;
  std::unordered_set<IpAddress> own;
  bool pool4 = false, pool6 = false;  // some port has local_addresses
  bool complete = true;               // false: an address that could not be read may be missed
};

Links survey(const Draft& draft) {
  Links links;
  for (const PortDraft& port : draft.ports) {
    links.complete &= port.addresses_complete;
    for (const AddressRange& range : port.local_addresses)
      (range.first.is_v4() ? links.pool4 : links.pool6) = true;
    for (size_t i = 0; i < port.port.addresses.size(); ++i) {
      links.networks.add(port.port.addresses[i]);
      links.own.insert(port.port.addresses[i].address);
    }
  }
  for (const RouteDraft& route : draft.routes)
    if (!route.via_at && !route.route.port.empty()) links.networks.add(route.route.to);
  return links;
}

void check_names(const Draft& draft) {
  std::unordered_map<std::string, const Value*> names;
  for (const ServiceDraft& service : draft.services) {
    if (service.service.name.empty()) continue;
    const auto [first, added] = names.emplace(service.service.name, &*service.name_at);
    if (!added)
      service.name_at->error(
          quote(service.service.name) + " is " + reference(*first->second) + " too",
          "give each service a name of its own");
  }
}

struct Ports {
  const Listen* listen;
  const Value* at;
};

/// Ranges of one address may lie within each other, the narrower one wins; nothing else.
void check_ranges(std::vector<Ports>& ranges) {
  std::ranges::stable_sort(ranges, [](const Ports& a, const Ports& b) {
    return a.listen->port != b.listen->port ? a.listen->port < b.listen->port
                                            : a.listen->last_port > b.listen->last_port;
  });
  std::vector<const Ports*> around;  // those that hold the present one, the widest first
  for (const Ports& range : ranges) {
    while (!around.empty() && around.back()->listen->last_port < range.listen->port)
      around.pop_back();
    if (!around.empty()) {
      const Ports& outer = *around.back();
      const std::string text = range.listen->to_string();
      if (*outer.listen == *range.listen)
        range.at->error(text + " is " + reference(*outer.at) + " too",
                        "an address, port and protocol belong to one service");
      else if (outer.listen->last_port < range.listen->last_port)
        range.at->error(text + " and " + reference(*outer.at) + " have some ports in common",
                        "one range may lie within another, but not reach across its end");
    }
    around.push_back(&range);
  }
}

void check_listens(const Draft& draft) {
  std::map<ListenKey, std::vector<Ports>> listens;
  for (const ServiceDraft& service : draft.services) {
    for (size_t i = 0; i < service.service.listen.size(); ++i) {
      const Listen& endpoint = service.service.listen[i];
      const IpAddress& leader = service.service.listen[0].address;
      const Value& at = service.listen_at[i];
      if (endpoint.address.family() != leader.family())
        at.error(endpoint.to_string() + " is " + family_name(endpoint.address) + ", but " +
                     service.listen_at[0].path() + " is " + family_name(leader),
                 "use one family in a service");
      listens[{service.service.protocol, endpoint.address, endpoint.length}].push_back(
          {&endpoint, &at});
    }
  }
  for (auto& [key, ranges] : listens)
    if (ranges.size() > 1) check_ranges(ranges);
}

/// Under dr and tun packets keep their address and port. Under dr they reach the server by its MAC,
/// under tun by routes. Under nat they get the server's.
class ServerCheck {
 public:
  ServerCheck(const ServiceDraft& draft, const Links& links) : draft_(draft), links_(links) {
    for (const Listen& listen : draft.service.listen) {
      if (listen.is_host())
        virtual_addresses_.insert(listen.address);
      else
        virtual_prefixes_.push_back(listen.prefix());
      if (listen.port != draft.service.listen[0].port || !listen.is_one_port())
        other_port_ = &listen;
    }
  }

  void run() {
    for (size_t i = 0; i < draft_.service.real_servers.size(); ++i) {
      const RealServer& server = draft_.service.real_servers[i];
      const Value& at = draft_.real_servers_at[i];
      check_twice(server, at);
      check_sources(server, at);
      check_way(server, at);
    }
    check_sorry();
  }

 private:
  void check_way(const RealServer& server, const Value& at) const {
    if (draft_.service.listen.empty()) return;
    const bool own = is_director(server);
    const bool mixed = server.address.family() != draft_.service.listen[0].address.family();
    const bool crosses =
        server.forwarding == Forwarding::kTun || server.forwarding == Forwarding::kFullnat;
    if (mixed && (own || !crosses)) return other_family(server, at);
    if (draft_.service.protocol == Protocol::kSctp && server.forwarding == Forwarding::kFullnat)
      return at.error("fullnat of sctp is not supported yet", "write dr, tun or nat");
    if (own || !sees_replies(server.forwarding)) check_port(server, at);
    if (is_virtual(server.address)) {
      at.error(server.address.to_string() + " is an address that the service listens on",
               "name the server's own address");
    } else if (!own && server.forwarding == Forwarding::kTun) {
      check_source(server, at);
    } else if (!own) {
      check_place(server, at);
      check_pool(server, at);
    }
  }

  void check_twice(const RealServer& server, const Value& at) {
    // A method that rewrites ports may have several servers at one address.
    const bool by_port = sees_replies(server.forwarding);
    const Endpoint endpoint{server.address, by_port ? server.port.value_or(0) : uint16_t{0}};
    const auto [first, added] = seen_.emplace(endpoint, &at);
    if (!added)
      at.error((by_port ? to_text(server) : server.address.to_string()) + " is " +
                   reference(*first->second) + " too",
               "name a server once, its weight says how much it gets");
  }

  bool is_virtual(const IpAddress& address) const {
    return virtual_addresses_.contains(address) ||
           std::any_of(virtual_prefixes_.begin(), virtual_prefixes_.end(),
                       [&address](const Prefix& prefix) { return prefix.contains(address); });
  }

  void check_pool(const RealServer& server, const Value& at) const {
    const bool pool = server.address.is_v4() ? links_.pool4 : links_.pool6;
    if (server.forwarding != Forwarding::kFullnat || is_director(server) || pool) return;
    at.error("no port has " + family_name(server.address) + " local_addresses",
             "fullnat needs some on the port towards its servers");
  }

  bool is_director(const RealServer& server) const {
    return server.address.is_loopback() || links_.own.contains(server.address);
  }

  void other_family(const RealServer& server, const Value& at) const {
    at.error(server.address.to_string() + " is " + family_name(server.address) +
                 ", but the service listens on " + family_name(draft_.service.listen[0].address),
             is_director(server)
                 ? "the director itself takes packets as they are: name its address of that family"
                 : to_text(server.forwarding) +
                       " needs servers of the listen's family; tun and fullnat do not");
  }

  /// The outer packets are sent from an address of ours.
  void check_source(const RealServer& server, const Value& at) const {
    const bool found = std::any_of(
        links_.own.begin(), links_.own.end(),
        [&server](const IpAddress& own) { return own.family() == server.address.family(); });
    if (found || !links_.complete) return;
    at.error("no port has an " + family_name(server.address) + " address",
             "a tunnel to " + server.address.to_string() + " needs one to be sent from");
  }

  /// Checks leave by an address of the family of what they check.
  void check_sources(const RealServer& server, const Value& at) const {
    for (const HealthCheck& check : checks_of(draft_.service, server)) {
      const bool asks_port = !std::holds_alternative<PingCheck>(check.what) &&
                             !std::holds_alternative<ExecCheck>(check.what);
      if (asks_port && !check.port && !server.port && !draft_.service.listen.empty() &&
          draft_.service.listen[0].port == 0)
        at.error("a health check has no port to ask: the service listens on all of them",
                 "give the check a port");
      const IpAddress& target = check.address ? *check.address : server.address;
      if (check.source && check.source->family() != target.family())
        at.error("a health check's source " + check.source->to_string() + " is " +
                     family_name(*check.source) + ", but it asks " + target.to_string(),
                 "give the check a source of the other family, or none");
    }
  }

  /// It takes the place of a real server and is reached as one.
  void check_sorry() {
    const auto& sorry = draft_.service.health.sorry_server;
    if (!sorry) return;
    RealServer server;
    server.address = sorry->address;
    server.port = sorry->port;
    server.forwarding = draft_.service.forwarding;
    check_twice(server, *draft_.sorry_at);
    check_way(server, *draft_.sorry_at);
  }

  void check_port(const RealServer& server, const Value& at) const {
    const Listen* other = &draft_.service.listen[0];
    if (server.port == other->port) other = other_port_;
    if (!server.port || other == nullptr) return;
    at.error("port " + std::to_string(*server.port) + " differs from that of the listen " +
                 other->to_string(),
             (is_director(server) ? "the director gets packets as they are"
                                  : to_text(server.forwarding) + " does not rewrite ports") +
                 (draft_.sorry_at && &at == &*draft_.sorry_at ? ": give it the listen's port"
                                                              : ": leave the server's port out"));
  }

  void check_place(const RealServer& server, const Value& at) const {
    const std::string address = server.address.to_string();
    const auto network = links_.networks.find(server.address);
    if (!network && links_.complete)
      return at.error(address + " is in no port's network",
                      to_text(server.forwarding) +
                          " needs servers on a port's link: correct it, or the ports' addresses");
    const std::string fault =
        network ? host_in_network_fault({server.address, network->length}) : std::string();
    if (!fault.empty()) at.error(address + " " + fault, "name the address of a host");
  }

  const ServiceDraft& draft_;
  const Links& links_;
  std::unordered_set<IpAddress> virtual_addresses_;
  std::vector<Prefix> virtual_prefixes_;
  const Listen* other_port_ = nullptr;  // a listen whose port is not the first one's alone
  std::unordered_map<Endpoint, const Value*> seen_;
};

}  // namespace

void check_services(const Draft& draft) {
  check_names(draft);
  check_listens(draft);
  check_one_packet(draft);
  const Links links = survey(draft);
  for (const ServiceDraft& service : draft.services) ServerCheck(service, links).run();
}

}  // namespace lbd::config
