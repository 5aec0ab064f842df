// SPDX-License-Identifier: Apache-2.0
#include "control/one_packet_replies.h"

#include <utility>

namespace lbd {

OnePacketReplies one_packet_replies(const DesiredState& state, const std::vector<Target>& targets) {
  std::vector<OnePacketReplies::Entry> entries;
  for (const auto& service : state.services) {
    if (!service || !service->one_packet || service->listen.empty()) continue;
    const config::Listen& listen = service->listen.front();
    const uint16_t port = listen.is_one_port() ? listen.port : 0;
    for (const RealServer& server : service->servers) {
      if (targets[server.id].forwarding != Forwarding::kNat) continue;
      entries.push_back(
          {server.key.address, server.key.port.value_or(port), server.id, listen.address, port});
    }
  }
  return OnePacketReplies(std::move(entries));
}

}  // namespace lbd
