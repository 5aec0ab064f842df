// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "control/config/difference.h"
#include "control/config/map_reader.h"
#include "control/config/read_health.h"
#include "control/config/sections.h"

namespace lbd::config {
namespace {

constexpr size_t kMaxName = 64;
constexpr Milliseconds kMaxDrain{7 * 24 * 3'600'000};

Protocol read_protocol(MapReader& map) {
  const auto value = map.get("protocol");
  if (!value) return Protocol::kTcp;
  return choose<Protocol>(
             *value, {{"tcp", Protocol::kTcp}, {"udp", Protocol::kUdp}, {"sctp", Protocol::kSctp}})
      .value_or(Protocol::kTcp);
}

void read_listens(MapReader& map, ServiceDraft& draft) {
  const auto value = map.require("listen", "write [\"192.0.2.20:80\"]");
  if (!value) return;
  const std::vector<Value> items = value->list();
  if (value->node().kind == Node::Kind::kList && items.empty())
    value->error("no address", "write at least one, as \"192.0.2.20:80\"");
  for (const Value& item : items) {
    if (const auto endpoint = read_listen(item)) {
      draft.service.listen.push_back(*endpoint);
      draft.listen_at.push_back(item);
    }
  }
}

/// Between what every host takes (RFC 9293 3.7.1) and what an IP packet holds.
constexpr int64_t kLeastMss = 64;
constexpr int64_t kMostMss = 65495;

void read_mss(MapReader& map, MssPolicy& mss) {
  const auto value = map.get("mss");
  if (!value || value->says("auto")) return;
  if (value->says("off")) {
    mss.kind = MssPolicy::Kind::kOff;
  } else if (value->node().kind == Node::Kind::kScalar && !value->node().text.empty() &&
             value->node().text[0] >= '0' && value->node().text[0] <= '9') {
    const auto number = value->number(kLeastMss, kMostMss);
    if (number) mss = {MssPolicy::Kind::kFixed, static_cast<uint16_t>(*number)};
  } else {
    value->error(value->describe() + " is unknown", "write auto, off or a number of bytes");
  }
}

void read_local_ports(MapReader& map, Service& service) {
  const auto value = map.get("local_ports");
  if (!value) return;
  std::vector<bool> seen(65536);
  for (const Value& item : value->list()) {
    const auto port = item.number(1, 65535);
    if (!port) continue;
    if (seen[static_cast<size_t>(*port)])
      item.error("port " + std::to_string(*port) + " is given twice", "take one out");
    seen[static_cast<size_t>(*port)] = true;
    service.local_ports.push_back(static_cast<uint16_t>(*port));
  }
}

void read_real_servers(MapReader& map, ServiceDraft& draft) {
  const auto value = map.get("real_servers");
  if (!value) return;
  for (const Value& item : value->list()) {
    if (const auto server = read_real_server(item, draft.service.forwarding)) {
      draft.service.real_servers.push_back(*server);
      draft.real_servers_at.push_back(item);
    }
  }
}

/// After protocol, forwarding and servers: it is for TCP and fullnat alone.
void read_client_address(MapReader& map, Service& service) {
  const auto value = map.get("client_address");
  if (!value) return;
  const auto chosen = choose<ClientAddress>(*value, {{"none", ClientAddress::kNone},
                                                     {"toa", ClientAddress::kToa},
                                                     {"proxy-v2", ClientAddress::kProxyV2}});
  if (!chosen || *chosen == ClientAddress::kNone) return;
  const std::string name = *chosen == ClientAddress::kToa ? "toa" : "proxy-v2";
  const auto is_fullnat = [](const RealServer& server) {
    return server.forwarding == Forwarding::kFullnat;
  };
  if (service.protocol != Protocol::kTcp) {
    value->error(name + " is told within TCP, but the service is " + to_text(service.protocol),
                 "leave it out, or write protocol: tcp");
  } else if (service.forwarding != Forwarding::kFullnat &&
             std::none_of(service.real_servers.begin(), service.real_servers.end(), is_fullnat)) {
    value->error("no server is reached by fullnat, and the others see the client's address anyway",
                 "leave it out, or write forwarding: fullnat");
  }
  service.client_address = *chosen;
}

}  // namespace

ServiceDraft read_service(const Value& item) {
  ServiceDraft draft(item);
  Service& service = draft.service;
  MapReader map(item);
  draft.name_at = map.require("name", "name the service, as web");
  if (draft.name_at) service.name = draft.name_at->word(kMaxName).value_or("");
  read_listens(map, draft);
  service.protocol = read_protocol(map);
  const auto forwarding = map.require("forwarding", kForwardingRemedy);
  if (forwarding) service.forwarding = read_forwarding(*forwarding).value_or(Forwarding::kDr);
  read_scheduler(map, service);
  read_clients(map, service);
  service.drain_timeout =
      map.duration("drain_timeout", Milliseconds(0), kMaxDrain, service.drain_timeout);
  read_local_ports(map, service);
  read_mss(map, service.mss);
  read_service_health(map, draft);
  read_real_servers(map, draft);
  read_client_address(map, service);
  map.finish();
  return draft;
}

}  // namespace lbd::config
