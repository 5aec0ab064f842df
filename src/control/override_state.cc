// SPDX-License-Identifier: Apache-2.0
#include "control/override_state.h"

#include <optional>
#include <utility>

namespace lbd {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::milliseconds;

constexpr int64_t kMaxWeight = 65535;

std::optional<std::pair<OverrideKey, Override>> parse_entry(const Json& json,
                                                            const BothClocks& now) {
  const auto key = ServerKey::parse(json.at("server").get<std::string>());
  if (!key) return std::nullopt;
  Override said;
  said.drained = json.value("drained", false);
  if (json.contains("weight")) {
    const auto weight = json["weight"].get<int64_t>();
    if (weight < 0 || weight > kMaxWeight) return std::nullopt;
    said.weight = static_cast<uint32_t>(weight);
  }
  if (json.contains("until_ms")) {
    const milliseconds until(json["until_ms"].get<int64_t>());
    const auto left = until - std::chrono::duration_cast<milliseconds>(now.wall.time_since_epoch());
    if (left <= milliseconds(0))
      said.weight.reset();
    else
      said.until = now.steady + left;
  }
  return std::pair(OverrideKey{json.at("service").get<std::string>(), *key}, said);
}

}  // namespace

Json overrides_to_json(const std::map<OverrideKey, Override>& overrides, const BothClocks& now) {
  Json rows = Json::array();
  for (const auto& [key, said] : overrides) {
    Json row{{"service", key.first}, {"server", key.second.to_string()}};
    if (said.weight) row["weight"] = *said.weight;
    if (said.drained) row["drained"] = true;
    if (said.until) {
      const auto wall = now.wall.time_since_epoch() + (*said.until - now.steady);
      row["until_ms"] = std::chrono::duration_cast<milliseconds>(wall).count();
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::map<OverrideKey, Override> overrides_from_json(const Json& json, const BothClocks& now,
                                                    std::vector<std::string>& complaints) {
  std::map<OverrideKey, Override> out;
  if (json.is_null()) return out;
  if (!json.is_array()) {
    complaints.emplace_back("overrides: is no list; left out");
    return out;
  }
  for (size_t i = 0; i < json.size(); ++i) {
    std::optional<std::pair<OverrideKey, Override>> entry;
    try {
      entry = parse_entry(json[i], now);
    } catch (const Json::exception&) {
      // The same complaint as for values that make no sense.
    }
    if (!entry)
      complaints.push_back("overrides[" + std::to_string(i) + "]: cannot be read; left out");
    else if (entry->second.weight || entry->second.drained)
      out.insert(std::move(*entry));
  }
  return out;
}

}  // namespace lbd
