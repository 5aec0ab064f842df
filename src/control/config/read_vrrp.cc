// SPDX-License-Identifier: Apache-2.0
#include "control/config/map_reader.h"
#include "control/config/sections.h"
#include "control/config/vrrp_readers.h"

namespace lbd::config {
namespace {

constexpr size_t kMaxName = 64;

VrrpGroupDraft read_group(const Value& item) {
  VrrpGroupDraft draft(item);
  MapReader map(item);
  draft.name_at = map.require("name", "name the group, as VG_1");
  if (draft.name_at) draft.group.name = draft.name_at->word(kMaxName).value_or("");
  if (const auto instances = map.require("instances", "write [VI_1, VI_2]")) {
    const std::vector<Value> items = instances->list();
    if (items.empty() && instances->node().kind == Node::Kind::kList)
      instances->error("no instance", "name those that move together");
    for (const Value& one : items) {
      const auto name = one.text();
      if (!name) continue;
      draft.group.instances.push_back(*name);
      draft.instances_at.push_back(one);
    }
  }
  read_vrrp_notify(map, draft.group.notify);
  map.finish();
  return draft;
}

}  // namespace

void read_vrrp(const Value& section, VrrpDraft& draft) {
  MapReader map(section);
  if (const auto instances = map.get("instances"))
    for (const Value& item : instances->list()) draft.instances.push_back(read_vrrp_instance(item));
  if (const auto scripts = map.get("scripts")) {
    for (const Value& item : scripts->list()) {
      std::optional<Value> name_at;
      auto script = read_vrrp_script(item, name_at);
      if (!script) continue;
      draft.scripts.push_back(std::move(*script));
      draft.scripts_at.push_back(*name_at);
    }
  }
  if (const auto groups = map.get("sync_groups"))
    for (const Value& item : groups->list()) draft.groups.push_back(read_group(item));
  map.finish();
}

}  // namespace lbd::config
