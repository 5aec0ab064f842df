// SPDX-License-Identifier: Apache-2.0
#include "yaml_tools.h"

#include <algorithm>
#include <charconv>

namespace lbd::test {

BadCase::BadCase(const YAML::Node& node, const std::string& what)
    : std::runtime_error("line " + std::to_string(node.Mark().line + 1) + ": " + what) {}

YAML::Node merged(const YAML::Node& base, const YAML::Node& over) {
  if (!over) return YAML::Clone(base);
  if (!base.IsMap() || !over.IsMap()) return YAML::Clone(over);
  YAML::Node out(YAML::NodeType::Map);
  for (const auto& item : base) {
    const auto key = item.first.as<std::string>();
    if (over[key] && over[key].IsNull()) continue;
    out[key] = merged(item.second, over[key]);
  }
  for (const auto& item : over) {
    const auto key = item.first.as<std::string>();
    if (!base[key] && !item.second.IsNull()) out[key] = YAML::Clone(item.second);
  }
  return out;
}

void only(const YAML::Node& map, std::initializer_list<const char*> keys) {
  if (!map.IsMap()) throw BadCase(map, "a map is wanted here");
  for (const auto& item : map) {
    const auto key = item.first.as<std::string>();
    if (std::find(keys.begin(), keys.end(), key) == keys.end())
      throw BadCase(item.first, "unknown key '" + key + "'");
  }
}

IpAddress read_address(const YAML::Node& node) {
  const auto address = IpAddress::parse(read<std::string>(node, ""));
  if (!address) throw BadCase(node, "not an address");
  return *address;
}

MacAddress read_mac(const YAML::Node& node) {
  const auto mac = MacAddress::parse(read<std::string>(node, ""));
  if (!mac) throw BadCase(node, "not a MAC address");
  return *mac;
}

uint64_t read_duration(const YAML::Node& node) {
  const auto text = read<std::string>(node, "");
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string unit(end, text.data() + text.size());
  if (error != std::errc() || (unit != "s" && unit != "ms")) throw BadCase(node, "not a duration");
  return value * (unit == "s" ? 1'000'000'000 : 1'000'000);
}

Verdict read_verdict(const std::string& name, const YAML::Node& where) {
  for (unsigned i = 0; i < kVerdictCount; ++i)
    if (kVerdicts[i].name == name) return static_cast<Verdict>(i);
  throw BadCase(where, "no verdict is called '" + name + "'");
}

Event read_event(const std::string& name, const YAML::Node& where) {
  for (unsigned i = 0; i < kEventCount; ++i)
    if (kEvents[i].name == name) return static_cast<Event>(i);
  throw BadCase(where, "no event is called '" + name + "'");
}

}  // namespace lbd::test
