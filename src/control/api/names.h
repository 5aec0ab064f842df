// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/desired_state.h"
#include "dataplane/next_hop.h"

// How things are called in replies, and how operators' words for them are understood.
namespace lbd::api {

/// "tcp", "udp"; else the number.
std::string protocol_name(uint8_t protocol);
const char* state_name(NextHopState state);

/// One real server and where it belongs.
struct Found {
  const VirtualService* service;
  const RealServer* server;
};

/// An operator's word for a server: an address, or address:port.
struct ServerWord {
  IpAddress address;
  std::optional<uint16_t> port;
  static std::optional<ServerWord> parse(const std::string& text);
  bool matches(const ServerKey& key) const {
    return key.address == address && (!port || key.port == port);
  }
};

/// Servers that `word` names, in `service` only unless that is empty. Those on their way out only
/// if `leaving`.
std::vector<Found> find_servers(const DesiredState& state, const std::string& service,
                                const ServerWord& word, bool leaving);

}  // namespace lbd::api
