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

OnDown read_on_down(const Value& value, OnDown otherwise) {
  return choose<OnDown>(value, {{"keep", OnDown::kKeep},
                                {"reset", OnDown::kReset},
                                {"reschedule", OnDown::kReschedule}})
      .value_or(otherwise);
}

OnDown read_on_quorum_lost(MapReader& map) {
  const auto value = map.get("on_quorum_lost");
  if (!value) return OnDown::kKeep;
  const OnDown chosen = read_on_down(*value, OnDown::kKeep);
  if (chosen != OnDown::kKeep && !map.has("sorry_server"))
    value->error("connections have nowhere else to go without a sorry_server",
                 "name one, or leave this out");
  return chosen;
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
  health.on_quorum_lost = read_on_quorum_lost(map);
  health.on_down = draft.service.protocol == Protocol::kUdp ? OnDown::kReschedule : OnDown::kKeep;
  if (const auto on_down = map.get("on_down"))
    health.on_down = read_on_down(*on_down, health.on_down);
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
