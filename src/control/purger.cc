// SPDX-License-Identifier: Apache-2.0
#include "control/purger.h"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace lbd {

std::vector<ServerId> Purger::due(Clock::time_point now) const {
  std::vector<ServerId> ids;
  for (const auto& service : parts_.updater.state().services) {
    if (!service) continue;
    // Servers on their way out stand behind the present ones.
    for (auto server = service->servers.rbegin(); server != service->servers.rend(); ++server) {
      if (server->life == ServerLife::kPresent) break;
      if (server->life != ServerLife::kRemoved) continue;
      const auto drain = std::min<std::chrono::milliseconds>(service->drain_timeout, kLeastDrain);
      const bool settled = now >= server->drain_until - service->drain_timeout + drain;
      const Traffic traffic = parts_.statistics.of(*server);
      const bool idle = settled && traffic.active + traffic.inactive == 0;
      if (idle || now >= server->drain_until) ids.push_back(server->id);
    }
  }
  return ids;
}

void Purger::tick(Clock::time_point now) {
  if (busy_) return;
  std::vector<ServerId> ids = due(now);
  if (ids.empty()) return;
  busy_ = true;
  parts_.updater.submit(
      [ids](const DesiredState& present) -> Result<std::optional<DesiredState>> {
        return std::optional(start_purge(present, ids));
      },
      [this, ids](const Status&) { after_publish(ids); });
}

void Purger::after_publish(const std::vector<ServerId>& ids) {
  // A reload that came first may have named some of them again: those live on.
  std::vector<ServerId> purging;
  for (const ServerId id : ids) {
    const RealServer* server = parts_.updater.state().server(id);
    if (server && server->life == ServerLife::kPurging) purging.push_back(id);
  }
  parts_.dataplane.publisher().retire([this, purging, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired()) return;
    parts_.mailbox.post_all(WorkerRequest::Kind::kPurge, [this, purging] { after_purge(purging); });
  });
}

void Purger::after_purge(const std::vector<ServerId>& ids) {
  const DesiredState& state = parts_.updater.state();
  for (const ServerId id : ids) {
    const RealServer* server = state.server(id);
    const VirtualService& service = *state.services[state.owner[id]];
    spdlog::debug("service {}: server {} is gone", service.name, server->key.to_string());
    parts_.statistics.retire(service.id, id);
    parts_.release_next_hop(server->next_hop);
  }
  if (!ids.empty()) spdlog::info("{} removed real servers are gone", ids.size());
  parts_.updater.submit(
      [ids](const DesiredState& present) -> Result<std::optional<DesiredState>> {
        return std::optional(release(present, ids));
      },
      [this](const Status&) {
        parts_.statistics.forget_released(parts_.updater.state());
        busy_ = false;
      });
}

}  // namespace lbd
