// SPDX-License-Identifier: Apache-2.0
#include "control/config/map_reader.h"
#include "control/config/read_health.h"
#include "control/config/rules.h"
#include "control/config/sections.h"

namespace lbd::config {
namespace {

constexpr int64_t kMaxWeight = 65535;
constexpr int64_t kMaxConnections = 1'000'000'000;

/// Why nothing can be a server's address; else empty. A loopback address is the director itself.
std::string address_fault(const IpAddress& address) {
  if (address.is_loopback()) return {};
  if (!address.is_v4() && address.is_link_local()) return "is a link-local address";
  return host_address_fault(address);
}

}  // namespace

bool read_server_address(const Value& value, IpAddress& out, std::optional<uint16_t>& port) {
  const auto text = value.text();
  if (!text) return false;
  const auto endpoint = Endpoint::parse(*text);
  const auto address = endpoint ? endpoint->address : IpAddress::parse(*text);
  if (!address) {
    value.error(quote(*text) + " is not an address",
                "write it as 192.0.2.138, \"192.0.2.138:80\" or \"2001:db8::138\"");
    return false;
  }
  if (const std::string fault = address_fault(*address); !fault.empty()) {
    value.error(address->to_string() + " " + fault, "name the address of a host");
    return false;
  }
  out = *address;
  if (!endpoint) return true;
  if (endpoint->port == 0) {
    value.error("port 0 is no server's", "use 1..65535 or leave the port out");
    return false;
  }
  port = endpoint->port;
  return true;
}

namespace {

void read_port(MapReader& map, RealServer& server) {
  const auto value = map.get("port");
  if (!value) return;
  const auto port = value->number(1, 65535);
  if (!port) return;
  if (server.port)
    value->error("the address has a port already: " + std::to_string(*server.port),
                 "give the port once");
  server.port = static_cast<uint16_t>(*port);
}

void read_tunnel(const Value& value, Tunnel& tunnel) {
  MapReader map(value);
  if (const auto type = map.require("type", "write ipip, gre or gue"))
    tunnel.type = choose<TunnelType>(*type, {{"ipip", TunnelType::kIpip},
                                             {"gre", TunnelType::kGre},
                                             {"gue", TunnelType::kGue}})
                      .value_or(tunnel.type);
  if (const auto port = map.get("port")) {
    const auto number = port->number(1, 65535);
    if (number && tunnel.type != TunnelType::kGue)
      port->error("only gue has a port", "leave it out, or write type: gue");
    if (number) tunnel.port = static_cast<uint16_t>(*number);
  }
  map.finish();
}

void read_thresholds(MapReader& map, RealServer& server) {
  server.max_connections =
      static_cast<uint32_t>(map.number("max_connections", 0, kMaxConnections, 0));
  const auto value = map.get("min_connections");
  if (!value) return;
  const auto min = value->number(0, kMaxConnections);
  if (!min) return;
  if (*min > server.max_connections)
    value->error(std::to_string(*min) + " is above max_connections, which is " +
                     std::to_string(server.max_connections),
                 "a full server takes new connections again below min_connections: write less");
  server.min_connections = static_cast<uint32_t>(*min);
}

}  // namespace

std::optional<Forwarding> read_forwarding(const Value& value) {
  return choose<Forwarding>(value, {{"dr", Forwarding::kDr},
                                    {"nat", Forwarding::kNat},
                                    {"fullnat", Forwarding::kFullnat},
                                    {"tun", Forwarding::kTun}});
}

std::optional<RealServer> read_real_server(const Value& item, Forwarding inherited) {
  RealServer server;
  server.place = item.place();
  MapReader map(item);
  const auto address = map.require("address", "write the server's address, as 192.0.2.138");
  const bool known = address && read_server_address(*address, server.address, server.port);
  read_port(map, server);
  server.weight = static_cast<uint32_t>(map.number("weight", 0, kMaxWeight, server.weight));
  std::optional<Forwarding> forwarding = inherited;
  if (const auto own = map.get("forwarding")) forwarding = read_forwarding(*own);
  server.forwarding = forwarding.value_or(inherited);
  if (const auto tunnel = map.get("tunnel")) {
    read_tunnel(*tunnel, server.tunnel);
    if (forwarding && *forwarding != Forwarding::kTun)
      tunnel->error("the server is not reached by a tunnel",
                    "write forwarding: tun, or leave tunnel out");
  }
  read_thresholds(map, server);
  server.health = read_server_health(map);
  map.finish();
  return known && forwarding ? std::optional(server) : std::nullopt;
}

}  // namespace lbd::config
