// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "control/config/rules.h"
#include "control/config/sections.h"
#include "control/config/text_file.h"
#include "control/config/vrrp_readers.h"

namespace lbd::config {
namespace {

constexpr size_t kMaxName = 64;
constexpr size_t kMaxPassword = 8;  // RFC 2338 5.3.10
constexpr size_t kMaxPasswordFile = 4096;
constexpr size_t kMaxPeers = 255;
constexpr Milliseconds kHour{3'600'000};

void read_name(MapReader& map, VrrpInstanceDraft& draft) {
  draft.name_at = map.require("name", "name the instance, as VI_1");
  if (draft.name_at) draft.instance.name = draft.name_at->word(kMaxName).value_or("");
}

/// Version 2 has whole seconds in a byte (RFC 3768 5.3.7), version 3 centiseconds in twelve bits
/// (RFC 9568 5.2.7).
void read_interval(MapReader& map, VrrpInstance& instance) {
  const auto value = map.get("advertisement_interval");
  if (!value) return;
  const bool v2 = instance.version == 2;
  const Milliseconds unit{v2 ? 1000 : 10};
  const auto interval = value->duration(unit, v2 ? Milliseconds(255'000) : Milliseconds(40'950));
  if (!interval) return;
  instance.interval = *interval;
  if (*interval % unit != Milliseconds(0))
    value->error(v2 ? "version 2 has whole seconds" : "version 3 has steps of 10ms",
                 v2 ? "use 1s..255s, or version 3" : "use 10ms..40.95s in steps of 10ms");
}

std::optional<std::string> read_password_file(const Value& value) {
  const auto path = value.text();
  if (!path) return std::nullopt;
  const bool absolute = path->starts_with('/');
  auto text =
      read_text_file((absolute ? "" : directory_of(value.place().file)) + *path, kMaxPasswordFile);
  if (!text) {
    value.error(quote(*path) + " " + text.error().message, "name a file with the password alone");
    return std::nullopt;
  }
  std::string password = std::move(text).value();
  while (!password.empty() && (password.back() == '\n' || password.back() == '\r'))
    password.pop_back();
  return password;
}

void read_authentication(MapReader& map, VrrpInstance& instance) {
  const auto value = map.get("authentication");
  if (!value || value->says("off")) return;
  MapReader inner(*value);
  if (const auto type = inner.require("type", "write password"))
    choose<bool>(*type, {{"password", true}});
  const auto given = inner.get("password");
  const auto file = inner.get("password_file");
  inner.finish();
  if (instance.version != 2) {
    value->error("version 3 has no authentication (RFC 9568 8)", "leave it out, or use version 2");
    return;
  }
  if (given.has_value() == file.has_value()) {
    value->error("needs either password or password_file", "give it one of the two");
    return;
  }
  const auto password = given ? given->text() : read_password_file(*file);
  if (!password) return;
  if (password->empty() || password->size() > kMaxPassword) {
    (given ? given : file)
        ->error("a password of " + std::to_string(password->size()) + " bytes", "use 1 to 8 bytes");
    return;
  }
  instance.password.emplace();
  instance.password->fill(0);
  std::ranges::copy(*password, instance.password->begin());
}

void read_destination(MapReader& map, VrrpInstanceDraft& draft) {
  VrrpInstance& instance = draft.instance;
  const auto group = map.get("multicast_group");
  const auto unicast = map.get("unicast");
  if (group) {
    instance.multicast_group = read_address(*group);
    if (instance.multicast_group && !instance.multicast_group->is_multicast())
      group->error(instance.multicast_group->to_string() + " is no multicast address",
                   "write 224.0.0.18 or another group");
  }
  if (!unicast) return;
  if (group) unicast->error("beside multicast_group", "write one of the two");
  MapReader inner(*unicast);
  const auto peers = inner.require("peers", "write [192.0.2.12]");
  inner.finish();
  if (!peers) return;
  const std::vector<Value> items = peers->list();
  if (items.empty() && peers->node().kind == Node::Kind::kList)
    peers->error("no peer", "name at least one, or leave unicast out");
  if (items.size() > kMaxPeers) peers->error("more than 255 peers", "take some out");
  for (const Value& item : items) {
    const auto address = read_address(item);
    if (!address) continue;
    const std::string fault = host_address_fault(*address);
    if (!fault.empty()) item.error(address->to_string() + " " + fault, "name a host");
    instance.peers.push_back(*address);
    draft.peers_at.push_back(item);
  }
}

void read_gratuitous_arp(MapReader& map, VrrpGratuitousArp& arp) {
  const auto value = map.get("gratuitous_arp");
  if (!value) return;
  MapReader inner(*value);
  arp.repeat = static_cast<unsigned>(inner.number("repeat", 1, 100, arp.repeat));
  arp.delay = inner.duration("delay", Milliseconds(0), kHour, arp.delay);
  arp.refresh = inner.duration("refresh", Milliseconds(0), 24 * kHour, arp.refresh);
  arp.interval = inner.duration("interval", Milliseconds(0), Milliseconds(10'000), arp.interval);
  inner.finish();
}

}  // namespace

VrrpInstanceDraft read_vrrp_instance(const Value& item) {
  VrrpInstanceDraft draft(item);
  VrrpInstance& instance = draft.instance;
  MapReader map(item);
  read_name(map, draft);
  const bool map_there = item.node().kind == Node::Kind::kMap;
  if (const auto link = read_vrrp_link(map, draft.link_at))
    instance.link = *link;
  else if (map_there && !draft.link_at)
    item.error("speaks nowhere", "give it port or interface");
  instance.version = static_cast<uint8_t>(map.number("version", 2, 3, 3));
  draft.vrid_at = map.require("virtual_router_id", "use 1..255, the same on every director");
  if (draft.vrid_at)
    instance.virtual_router_id = static_cast<uint8_t>(draft.vrid_at->number(1, 255).value_or(0));
  instance.priority = static_cast<uint8_t>(map.number("priority", 1, 255, 100));
  read_interval(map, instance);
  instance.down_after = static_cast<unsigned>(map.number("down_after", 1, 100, 3));
  instance.takeover_delay = map.duration("takeover_delay", Milliseconds(0), kHour, {});
  instance.preempt = map.boolean("preempt", true);
  instance.preempt_delay = map.duration("preempt_delay", Milliseconds(0), kHour, {});
  draft.accept_at = map.get("accept");
  if (draft.accept_at) instance.accept = draft.accept_at->boolean().value_or(true);
  draft.virtual_mac_at = map.get("virtual_mac");
  if (draft.virtual_mac_at) instance.virtual_mac = draft.virtual_mac_at->boolean().value_or(false);
  instance.pseudo_header = map.choice<bool>("checksum", {{"pseudo-header", true}, {"plain", false}},
                                            instance.pseudo_header);
  draft.source_at = map.get("source");
  if (draft.source_at) instance.source = read_address(*draft.source_at);
  read_vrrp_addresses(map, draft);
  read_vrrp_routes(map, draft);
  read_authentication(map, instance);
  read_destination(map, draft);
  read_gratuitous_arp(map, instance.gratuitous_arp);
  read_vrrp_track(map, draft);
  read_vrrp_notify(map, instance.notify);
  map.finish();
  return draft;
}

}  // namespace lbd::config
