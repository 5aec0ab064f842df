// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "control/config/checks.h"
#include "control/config/rules.h"
#include "control/config/sections.h"
#include "control/config/vrrp_readers.h"

namespace lbd::config {
namespace {

constexpr int kMaxWeight = 253;
constexpr size_t kMaxProcessName = 64;
constexpr Milliseconds kHour{3'600'000};

int read_weight(MapReader& map) {
  return static_cast<int>(map.number("weight", -kMaxWeight, kMaxWeight, 0));
}

/// A list of {name, weight}.
void read_tracked(MapReader& map, std::string_view key, std::vector<VrrpTracked>& out,
                  std::vector<Value>& out_at) {
  const auto list = map.get(key);
  if (!list) return;
  for (const Value& item : list->list()) {
    MapReader one(item);
    const auto name = one.require("name", "name what is tracked");
    VrrpTracked tracked;
    tracked.weight = read_weight(one);
    one.finish();
    const auto text = name ? name->text() : std::nullopt;
    if (!text) continue;
    tracked.name = *text;
    out.push_back(std::move(tracked));
    out_at.push_back(*name);
  }
}

/// What would be tracked twice by one instance.
template <class T, class Key>
void report_twice(const std::vector<T>& all, const std::vector<Value>& at, Key key) {
  for (size_t i = 0; i < all.size(); ++i)
    for (size_t before = 0; before < i; ++before)
      if (key(all[before]) == key(all[i]))
        return at[i].error(quote(at[i].node().text) + " is " + reference(at[before]) + " too",
                           "track it once");
}

void read_processes(MapReader& map, VrrpInstance& instance) {
  std::vector<Value> at;
  read_tracked(map, "processes", instance.track_processes, at);
  for (const Value& name : at) {
    name.word(kMaxProcessName);
    if (name.node().text.find('/') != std::string::npos)
      name.error(quote(name.node().text) + " is a path", "write the program's name, as in ps");
  }
  report_twice(instance.track_processes, at, [](const VrrpTracked& one) { return one.name; });
}

/// A list of {ping, interval, rise, fall, weight}.
void read_targets(MapReader& map, VrrpInstanceDraft& draft) {
  const auto list = map.get("targets");
  if (!list) return;
  std::vector<VrrpTarget>& out = draft.instance.track_targets;
  for (const Value& item : list->list()) {
    MapReader one(item);
    const auto ping = one.require("ping", "name the address to ping");
    VrrpTarget target;
    target.interval = one.duration("interval", Milliseconds(10), kHour, target.interval);
    target.rise = static_cast<unsigned>(one.number("rise", 1, 1000, target.rise));
    target.fall = static_cast<unsigned>(one.number("fall", 1, 1000, target.fall));
    target.weight = read_weight(one);
    one.finish();
    const auto address = ping ? read_address(*ping) : std::nullopt;
    if (!address) continue;
    const std::string fault = address->is_link_local() && !address->is_v4()
                                  ? "is a link-local address"
                                  : host_address_fault(*address);
    if (!fault.empty()) ping->error(address->to_string() + " " + fault, "name a host");
    target.ping = *address;
    out.push_back(target);
    draft.track_targets_at.push_back(*ping);
  }
  report_twice(out, draft.track_targets_at, [](const VrrpTarget& one) { return one.ping; });
}

}  // namespace

void read_vrrp_track(MapReader& map, VrrpInstanceDraft& draft) {
  const auto value = map.get("track");
  if (!value) return;
  MapReader inner(*value);
  VrrpInstance& instance = draft.instance;
  instance.track_own_port = inner.boolean("own_port", true);
  instance.track_dataplane = inner.boolean("dataplane", true);
  read_tracked(inner, "ports", instance.track_ports, draft.track_ports_at);
  read_tracked(inner, "scripts", instance.track_scripts, draft.track_scripts_at);
  read_tracked(inner, "services", instance.track_services, draft.track_services_at);
  read_processes(inner, instance);
  read_targets(inner, draft);
  inner.finish();
}

}  // namespace lbd::config
