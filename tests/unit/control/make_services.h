// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "control/desired_state.h"

namespace lbd::test {

/// A service of 192.0.2.20:80 with real servers of these addresses and weights.
inline config::Service make_service(
    const std::string& name, std::initializer_list<std::pair<const char*, uint32_t>> real_servers) {
  config::Service service;
  service.name = name;
  service.scheduler = SchedulerKind::kRr;
  service.listen = {*Endpoint::parse("192.0.2.20:80")};
  service.drain_timeout = std::chrono::seconds(60);
  for (const auto& [address, weight] : real_servers) {
    config::RealServer server;
    server.address = *IpAddress::parse(address);
    server.weight = weight;
    service.real_servers.push_back(server);
  }
  return service;
}

inline ServerKey key_of(const char* address) {
  return {*IpAddress::parse(address), std::nullopt};
}

/// The server of this address, whatever its life; the first where there are several.
inline const RealServer* find_server(const DesiredState& state, const std::string& service,
                                     const char* address) {
  const ServiceId found = state.by_name.find(service);
  if (found == kNoId) return nullptr;
  for (const RealServer& server : state.services[found]->servers)
    if (server.key == key_of(address)) return &server;
  return nullptr;
}

}  // namespace lbd::test
