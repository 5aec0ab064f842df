// SPDX-License-Identifier: Apache-2.0
#include "control/config/difference_vrrp.h"

#include <algorithm>
#include <map>

#include "control/config/route_text.h"
#include "control/config/units.h"

namespace lbd::config {
namespace {

using Lines = std::vector<std::string>;
/// Keys of the file with their values as text, in the file's order.
using Fields = std::vector<std::pair<std::string, std::string>>;

std::string yes_no(bool value) {
  return value ? "true" : "false";
}

template <class T, class Text>
std::string list(const std::vector<T>& items, Text text) {
  std::string out;
  for (const T& item : items) out += (out.empty() ? "" : ", ") + text(item);
  return "[" + out + "]";
}

std::string address_text(const VrrpInstance& instance, const VrrpAddress& address) {
  std::string out = address.prefix.to_string();
  if (!(address.link == instance.link)) out += " on " + address.link.name;
  return address.advertise ? out : out + " (not advertised)";
}

std::string tracked_text(const VrrpTracked& tracked) {
  return tracked.name + " " + std::to_string(tracked.weight);
}

std::string target_text(const VrrpTarget& target) {
  return target.ping.to_string() + " " + std::to_string(target.weight) + " every " +
         format_duration(target.interval) + " rise " + std::to_string(target.rise) + " fall " +
         std::to_string(target.fall);
}

Fields fields_of(const VrrpInstance& instance) {
  const VrrpGratuitousArp& arp = instance.gratuitous_arp;
  const auto ip = [](const IpAddress& address) { return address.to_string(); };
  return {
      {"link", instance.link.name},
      {"version", std::to_string(instance.version)},
      {"virtual_router_id", std::to_string(instance.virtual_router_id)},
      {"priority", std::to_string(instance.priority)},
      {"advertisement_interval", format_duration(instance.interval)},
      {"down_after", std::to_string(instance.down_after)},
      {"takeover_delay", format_duration(instance.takeover_delay)},
      {"preempt", yes_no(instance.preempt)},
      {"preempt_delay", format_duration(instance.preempt_delay)},
      {"accept", yes_no(instance.accept)},
      {"virtual_mac", yes_no(instance.virtual_mac)},
      {"checksum", instance.pseudo_header ? "pseudo-header" : "plain"},
      {"source", instance.source ? instance.source->to_string() : "the first address"},
      {"virtual_addresses",
       list(instance.addresses,
            [&](const VrrpAddress& address) { return address_text(instance, address); })},
      {"virtual_routes", list(instance.routes, route_text<VrrpRoute>)},
      {"multicast_group",
       instance.multicast_group ? instance.multicast_group->to_string() : "the default"},
      {"unicast.peers", list(instance.peers, ip)},
      {"gratuitous_arp", std::to_string(arp.repeat) + " times, " + format_duration(arp.delay) +
                             " delay, " + format_duration(arp.refresh) + " refresh, " +
                             format_duration(arp.interval) + " interval"},
      {"track.own_port", yes_no(instance.track_own_port)},
      {"track.dataplane", yes_no(instance.track_dataplane)},
      {"track.ports", list(instance.track_ports, tracked_text)},
      {"track.scripts", list(instance.track_scripts, tracked_text)},
      {"track.services", list(instance.track_services, tracked_text)},
      {"track.processes", list(instance.track_processes, tracked_text)},
      {"track.targets", list(instance.track_targets, target_text)},
  };
}

void compare_instance(Lines& lines, const VrrpInstance& before, const VrrpInstance& after) {
  const std::string where = "vrrp instance " + after.name + ": ";
  const Fields old = fields_of(before);
  const Fields now = fields_of(after);
  for (size_t i = 0; i < now.size(); ++i)
    if (old[i].second != now[i].second)
      lines.push_back(where + now[i].first + " " + old[i].second + " -> " + now[i].second);
  if (!(before.notify == after.notify)) lines.push_back(where + "notify changed");
  // Which is not to be read in a log.
  if (before.password != after.password) lines.push_back(where + "authentication changed");
}

/// Reports what came and went, and calls `common` for what is in both.
template <class T, class Common>
void compare(Lines& lines, const std::string& what, const std::vector<T>& before,
             const std::vector<T>& after, Common common) {
  const auto named = [](const std::vector<T>& all, const std::string& name) {
    return std::ranges::find(all, name, &T::name);
  };
  for (const T& item : before)
    if (named(after, item.name) == after.end()) lines.push_back(what + item.name + ": removed");
  for (const T& item : after) {
    const auto old = named(before, item.name);
    if (old == before.end())
      lines.push_back(what + item.name + ": added");
    else
      common(*old, item);
  }
}

}  // namespace

void compare_vrrp(Lines& lines, const Vrrp& before, const Vrrp& after) {
  compare(
      lines, "vrrp instance ", before.instances, after.instances,
      [&](const VrrpInstance& old, const VrrpInstance& now) { compare_instance(lines, old, now); });
  compare(lines, "vrrp script ", before.scripts, after.scripts,
          [&](const VrrpScript& old, const VrrpScript& now) {
            if (!(old == now)) lines.push_back("vrrp script " + now.name + ": changed");
          });
  compare(lines, "vrrp sync group ", before.sync_groups, after.sync_groups,
          [&](const VrrpSyncGroup& old, const VrrpSyncGroup& now) {
            if (!(old == now)) lines.push_back("vrrp sync group " + now.name + ": changed");
          });
}

}  // namespace lbd::config
