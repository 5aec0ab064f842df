// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "control/desired_state.h"

namespace lbd {
namespace {

constexpr uint32_t kMaxWeight = 65535;
constexpr uint32_t kFinest = 100;  // a weight's percent

/// The weight that a server would have if the service had its quorum and nothing ramped.
uint32_t plain_weight(const RealServer& server, const Override* said) {
  if (server.life != ServerLife::kPresent || !server.health.up) return 0;
  if (said != nullptr && said->drained) return 0;
  if (said != nullptr && said->weight) return *said->weight;
  return server.health.dynamic_weight.value_or(server.configured_weight);
}

/// An operator's word stands as it is.
uint32_t ramped(const RealServer& server, const Override* said, uint32_t weight, uint32_t scale) {
  const uint32_t full = weight * scale;
  const bool ramps = server.health.ramp_percent < 100 && !(said != nullptr && said->weight);
  if (weight == 0 || !ramps) return full;
  return std::max<uint32_t>(1, full * server.health.ramp_percent / 100);
}

/// Schedulers that compare weights with each other only; ovf and its like compare them with counts.
bool may_scale(config::SchedulerKind scheduler) {
  using enum SchedulerKind;
  return scheduler == kWrr || scheduler == kWlc || scheduler == kSed || scheduler == kNq ||
         scheduler == kTwos;
}

/// keepalived's: gained at weight + hysteresis, lost at 0 or below weight - hysteresis.
bool quorum_of(const VirtualService& service, uint64_t live) {
  if (!service.has_quorum)
    return live >= uint64_t{service.quorum_weight} + service.quorum_hysteresis;
  return live > 0 && live + service.quorum_hysteresis >= service.quorum_weight;
}

}  // namespace

uint8_t ramp_percent(Clock::time_point begun, Clock::time_point now,
                     std::chrono::milliseconds whole) {
  const auto gone = std::chrono::duration_cast<std::chrono::milliseconds>(now - begun);
  if (gone >= whole) return 100;
  return static_cast<uint8_t>(std::clamp<int64_t>(gone.count() * 100 / whole.count(), 1, 100));
}

void settle(VirtualService& service, const std::map<OverrideKey, Override>& overrides) {
  const auto said_of = [&](const RealServer& server) -> const Override* {
    if (overrides.empty()) return nullptr;
    const auto found = overrides.find({service.name, server.key});
    return found == overrides.end() ? nullptr : &found->second;
  };
  uint64_t live = 0;
  uint32_t highest = 0;
  bool ramps = false;
  bool sorry = false;
  for (RealServer& server : service.servers) {
    const uint32_t weight = plain_weight(server, said_of(server));
    server.weight = weight;
    highest = std::max(highest, weight);
    ramps = ramps || (weight > 0 && server.health.ramp_percent < 100);
    sorry = sorry || server.sorry;
    if (!server.sorry) live += weight;
  }
  service.has_quorum = quorum_of(service, live);
  service.weight_scale = ramps && highest > 0 && may_scale(service.scheduler)
                             ? std::clamp(kMaxWeight / highest, 1u, kFinest)
                             : 1;
  for (RealServer& server : service.servers) {
    const bool serves = !sorry || server.sorry != service.has_quorum;
    server.offered = serves && server.life == ServerLife::kPresent &&
                     (server.health.up || server.inhibit_on_failure);
    server.weight =
        serves ? ramped(server, said_of(server), server.weight, service.weight_scale) : 0;
  }
}

}  // namespace lbd
