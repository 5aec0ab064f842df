// SPDX-License-Identifier: Apache-2.0
#include "control/config/read_health.h"

#include "control/config/sections.h"

namespace lbd::config {
namespace {

constexpr int64_t kMaxQuorum = 1'000'000'000;
constexpr Milliseconds kMaxSlowStart{3'600'000};

HealthChecks read_checks(const Value& value) {
  HealthChecks checks;
  for (const Value& item : value.list())
    if (auto check = read_health_check(item)) checks.push_back(std::move(*check));
  return checks;
}

CommandLine read_command_of(MapReader& map, std::string_view key) {
  const auto value = map.get(key);
  return value ? read_command(*value) : CommandLine{};
}

Quorum read_quorum(const Value& value) {
  MapReader map(value);
  Quorum quorum;
  quorum.weight = static_cast<uint32_t>(map.number("weight", 1, kMaxQuorum, quorum.weight));
  quorum.hysteresis =
      static_cast<uint32_t>(map.number("hysteresis", 0, kMaxQuorum, quorum.hysteresis));
  if (quorum.hysteresis >= quorum.weight) {
    if (const auto at = map.get("hysteresis"); at && at->number(0, kMaxQuorum))
      at->error(std::to_string(quorum.hysteresis) + " is not below the weight " +
                    std::to_string(quorum.weight) + ": the quorum would be lost at 0 alone",
                "make it smaller than the weight");
  }
  quorum.up = read_command_of(map, "up");
  quorum.down = read_command_of(map, "down");
  map.finish();
  return quorum;
}

ServerNotify read_notify(const Value& value) {
  MapReader map(value);
  ServerNotify notify;
  notify.up = read_command_of(map, "server_up");
  notify.down = read_command_of(map, "server_down");
  map.finish();
  return notify;
}

}  // namespace

void read_service_health(MapReader& map, ServiceDraft& draft) {
  ServiceHealth& health = draft.service.health;
  if (const auto checks = map.get("health_checks")) health.checks = read_checks(*checks);
  health.initial_up = map.choice<bool>("initial", {{"down", false}, {"up", true}}, false);
  if (const auto quorum = map.get("quorum")) health.quorum = read_quorum(*quorum);
  if (const auto sorry = map.get("sorry_server")) {
    draft.sorry_at = *sorry;
    SorryServer server;
    if (read_server_address(*sorry, server.address, server.port)) health.sorry_server = server;
  }
  health.on_down = map.choice<OnDown>(
      "on_down",
      {{"keep", OnDown::kKeep}, {"reset", OnDown::kReset}, {"reschedule", OnDown::kReschedule}},
      draft.service.protocol == Protocol::kUdp ? OnDown::kReschedule : OnDown::kKeep);
  health.on_removal = map.choice<OnRemoval>(
      "on_removal", {{"drain", OnRemoval::kDrain}, {"reset", OnRemoval::kReset}},
      OnRemoval::kDrain);
  health.slow_start = map.duration("slow_start", Milliseconds(0), kMaxSlowStart, health.slow_start);
  if (const auto notify = map.get("notify")) health.notify = read_notify(*notify);
}

ServerHealthOptions read_server_health(MapReader& map) {
  ServerHealthOptions health;
  if (const auto checks = map.get("health_checks")) health.checks = read_checks(*checks);
  health.inhibit_on_failure = map.boolean("inhibit_on_failure", health.inhibit_on_failure);
  return health;
}

}  // namespace lbd::config
