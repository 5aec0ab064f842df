// SPDX-License-Identifier: Apache-2.0
#include "control/config/sections.h"
#include "control/config/vrrp_readers.h"

namespace lbd::config {
namespace {

constexpr Milliseconds kHour{3'600'000};
constexpr size_t kMaxUser = 32;  // of Linux

}  // namespace

void read_vrrp_notify(MapReader& map, VrrpNotify& notify) {
  const auto value = map.get("notify");
  if (!value) return;
  MapReader inner(*value);
  const auto command = [&](std::string_view key, CommandLine& out) {
    if (const auto given = inner.get(key)) out = read_command(*given);
  };
  command("master", notify.master);
  command("backup", notify.backup);
  command("fault", notify.fault);
  command("stop", notify.stop);
  command("any", notify.any);
  if (const auto user = inner.get("user")) notify.user = user->word(kMaxUser).value_or("");
  notify.timeout = inner.duration("timeout", Milliseconds(10), kHour, notify.timeout);
  inner.finish();
}

std::optional<VrrpScript> read_vrrp_script(const Value& item, std::optional<Value>& name_at) {
  VrrpScript script;
  MapReader map(item);
  name_at = map.require("name", "name the script");
  if (const auto command = map.require("command", "write the program's full path"))
    script.command = read_command(*command);
  script.interval = map.duration("interval", Milliseconds(10), kHour, script.interval);
  script.timeout = map.duration("timeout", Milliseconds(10), kHour, script.interval);
  script.rise = static_cast<unsigned>(map.number("rise", 1, 1000, 1));
  script.fall = static_cast<unsigned>(map.number("fall", 1, 1000, 1));
  if (const auto user = map.get("user")) script.user = user->word(kMaxUser).value_or("");
  map.finish();
  const auto name = name_at ? name_at->word(kMaxUser * 2) : std::nullopt;
  if (!name) return std::nullopt;
  script.name = *name;
  return script;
}

}  // namespace lbd::config
