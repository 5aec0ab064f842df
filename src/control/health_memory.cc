// SPDX-License-Identifier: Apache-2.0
#include "control/health_memory.h"

#include <optional>
#include <utility>

namespace lbd {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr int64_t kMaxWeight = 253;  // exit code 255

milliseconds since_epoch(std::chrono::system_clock::time_point time) {
  return duration_cast<milliseconds>(time.time_since_epoch());
}

std::optional<std::pair<OverrideKey, RememberedHealth>> parse_row(const Json& row,
                                                                  const BothClocks& now) {
  const auto key = ServerKey::parse(row.at("server").get<std::string>());
  if (!key) return std::nullopt;
  RememberedHealth health;
  health.up = row.at("up").get<bool>();
  if (row.contains("weight")) {
    const auto weight = row["weight"].get<int64_t>();
    if (weight < 0 || weight > kMaxWeight) return std::nullopt;
    health.dynamic_weight = static_cast<uint32_t>(weight);
  }
  if (row.contains("ramp_begun_ms")) {
    // A wall clock that was set back meanwhile must not make a ramp longer than it is.
    const auto gone = since_epoch(now.wall) - milliseconds(row["ramp_begun_ms"].get<int64_t>());
    health.ramp_begun = now.steady - std::max(gone, milliseconds(0));
  }
  return std::pair(OverrideKey{row.at("service").get<std::string>(), *key}, health);
}

}  // namespace

Json health_to_json(const HealthMemory& memory, const BothClocks& now) {
  Json rows = Json::array();
  for (const auto& [key, health] : memory) {
    Json row{{"service", key.first}, {"server", key.second.to_string()}, {"up", health.up}};
    if (health.dynamic_weight) row["weight"] = *health.dynamic_weight;
    if (health.ramp_begun)
      row["ramp_begun_ms"] =
          (since_epoch(now.wall) - duration_cast<milliseconds>(now.steady - *health.ramp_begun))
              .count();
    rows.push_back(std::move(row));
  }
  return rows;
}

HealthMemory health_from_json(const Json& json, const BothClocks& now) {
  HealthMemory out;
  if (!json.is_array()) return out;
  for (const Json& row : json) {
    try {
      if (auto entry = parse_row(row, now)) out.insert(std::move(*entry));
    } catch (const Json::exception&) {
      // Another version's row, or a hand's: left out.
    }
  }
  return out;
}

}  // namespace lbd
