// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <optional>
#include <utility>

#include "control/config/checks.h"

// one_packet by nat: no connection says whom an answer comes from as the client sees it, only the
// server that it comes from. So that must be one address and port of one service.
namespace lbd::config {
namespace {

struct Named {
  const ServiceDraft* service;
  const Value* at;
};
using Servers = std::multimap<IpAddress, std::pair<std::optional<uint16_t>, Named>>;

/// The port that answers come from; nothing where it may be any.
std::optional<uint16_t> source_port(const Service& service, const RealServer& server) {
  if (server.port) return server.port;
  const bool one = service.listen.size() == 1 && service.listen[0].is_one_port();
  return one ? std::optional(service.listen[0].port) : std::nullopt;
}

Servers all_servers(const Draft& draft) {
  Servers out;
  for (const ServiceDraft& service : draft.services) {
    if (service.service.protocol != Protocol::kUdp) continue;
    for (size_t i = 0; i < service.service.real_servers.size(); ++i) {
      const RealServer& server = service.service.real_servers[i];
      if (sees_replies(server.forwarding))
        out.emplace(server.address, std::pair(source_port(service.service, server),
                                              Named{&service, &service.real_servers_at[i]}));
    }
  }
  return out;
}

/// Whether the answers of a server by nat tell whom they are of.
void check_listen(const ServiceDraft& draft, const RealServer& server, const Value& at) {
  const Service& service = draft.service;
  const bool one_address = service.listen.size() == 1 && service.listen[0].is_host();
  if (one_address && (!server.port || service.listen[0].is_one_port())) return;
  at.error("one_packet makes no connection, so that answers by nat cannot tell which address" +
               std::string(one_address ? " and port" : "") + " the client has asked",
           one_address ? "leave the server's port out, or listen on one port"
                       : "write one listen of one address in a service, or take one_packet out");
}

void check_stranger(const ServiceDraft& draft, const RealServer& server, const Value& at,
                    const Servers& all) {
  const auto port = source_port(draft.service, server);
  const auto [begin, end] = all.equal_range(server.address);
  for (auto other = begin; other != end; ++other) {
    const auto& [its_port, named] = other->second;
    if (named.service == &draft || (port && its_port && *port != *its_port)) continue;
    return at.error("one_packet by nat, but " + reference(*named.at) +
                        " is this server too: answers could be those of either",
                    "give the server an address or a port of its own for each service");
  }
}

}  // namespace

void check_one_packet(const Draft& draft) {
  Servers all;
  for (const ServiceDraft& service : draft.services) {
    if (!service.service.one_packet || service.service.listen.empty()) continue;
    if (all.empty()) all = all_servers(draft);
    for (size_t i = 0; i < service.service.real_servers.size(); ++i) {
      const RealServer& server = service.service.real_servers[i];
      const Value& at = service.real_servers_at[i];
      if (server.forwarding == Forwarding::kFullnat)
        at.error("one_packet makes no connection, and replies by fullnat need one",
                 "write forwarding: dr, tun or nat, or take one_packet out");
      if (server.forwarding != Forwarding::kNat) continue;
      check_listen(service, server, at);
      check_stranger(service, server, at, all);
    }
  }
}

}  // namespace lbd::config
