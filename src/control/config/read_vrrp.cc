// SPDX-License-Identifier: Apache-2.0
#include "control/config/map_reader.h"
#include "control/config/sections.h"

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
  map.not_yet_map("notify", {{"master", "\"\""},
                             {"backup", "\"\""},
                             {"fault", "\"\""},
                             {"stop", "\"\""},
                             {"any", "\"\""}});
  map.finish();
  return draft;
}

}  // namespace

void read_vrrp(const Value& section, VrrpDraft& draft) {
  MapReader map(section);
  if (const auto instances = map.get("instances"))
    for (const Value& item : instances->list()) draft.instances.push_back(read_vrrp_instance(item));
  map.not_yet("scripts", {"[]"});
  if (const auto groups = map.get("sync_groups"))
    for (const Value& item : groups->list()) draft.groups.push_back(read_group(item));
  map.finish();
}

}  // namespace lbd::config
