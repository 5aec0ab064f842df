// SPDX-License-Identifier: Apache-2.0
#include "control/api/names.h"

namespace lbd::api {

std::string protocol_name(uint8_t protocol) {
  if (protocol == 6) return "tcp";
  if (protocol == 17) return "udp";
  if (protocol == 132) return "sctp";
  return std::to_string(protocol);
}

const char* state_name(NextHopState state) {
  switch (state) {
    case NextHopState::kUnused:
      return "unused";
    case NextHopState::kIncomplete:
      return "incomplete";
    case NextHopState::kReachable:
      return "reachable";
    case NextHopState::kFailed:
      return "failed";
    case NextHopState::kNoRoute:
      break;
  }
  return "no route";
}

std::optional<ServerWord> ServerWord::parse(const std::string& text) {
  if (const auto address = IpAddress::parse(text)) return ServerWord{*address, std::nullopt};
  if (const auto endpoint = Endpoint::parse(text))
    return ServerWord{endpoint->address, endpoint->port};
  return std::nullopt;
}

std::vector<Found> find_servers(const DesiredState& state, const std::string& service,
                                const ServerWord& word, bool leaving) {
  std::vector<Found> found;
  for (const ServiceId id : state.order) {
    const VirtualService& candidate = *state.services[id];
    if (!service.empty() && candidate.name != service) continue;
    for (const RealServer& server : candidate.servers) {
      if (server.life != ServerLife::kPresent && !leaving) continue;
      if (word.matches(server.key)) found.push_back({&candidate, &server});
    }
  }
  return found;
}

}  // namespace lbd::api
