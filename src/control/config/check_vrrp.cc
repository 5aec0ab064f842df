// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "control/config/checks.h"

namespace lbd::config {
namespace {

constexpr size_t kMaxInstances = 4096;
constexpr size_t kMaxAdvertised4 = 255;  // the count is a byte
constexpr size_t kMaxAdvertised6 = 90;   // what fits into 1500 bytes
constexpr size_t kMaxAddresses = 4095;   // of all instances: HeldFlags has as many

struct SeenTarget {
  VrrpTarget target;
  Value at;
};

struct Seen {
  std::map<std::string, const PortDraft*> ports;
  std::map<IpAddress, const Value*> port_addresses;
  std::map<IpAddress, const Value*> virtual_addresses;
  std::map<std::string, const Value*> names;
  std::map<std::tuple<std::string, Family, unsigned>, const Value*> routers;
  std::map<std::string, const Value*> scripts;
  std::map<IpAddress, SeenTarget> targets;
  std::set<std::string> services;
  bool services_complete = true;
  bool names_complete = true;  // false: a port's name could not be read
};

Seen survey(const Draft& draft) {
  Seen out;
  for (const PortDraft& port : draft.ports) {
    out.names_complete &= !port.port.name.empty();
    out.ports.emplace(port.port.name, &port);
    for (size_t i = 0; i < port.port.addresses.size(); ++i)
      out.port_addresses.emplace(port.port.addresses[i].address, &port.addresses_at[i]);
  }
  for (const ServiceDraft& service : draft.services) {
    out.services_complete &= !service.service.name.empty();
    out.services.insert(service.service.name);
  }
  for (size_t i = 0; i < draft.vrrp.scripts.size(); ++i) {
    const std::string& name = draft.vrrp.scripts[i].name;
    const auto [first, added] = out.scripts.emplace(name, &draft.vrrp.scripts_at[i]);
    if (!added)
      draft.vrrp.scripts_at[i].error(quote(name) + " is " + reference(*first->second) + " too",
                                     "give each script a name of its own");
  }
  return out;
}

void check_port(const Seen& seen, const std::string& name, const Value& at) {
  if (!name.empty() && seen.names_complete && !seen.ports.contains(name))
    at.error("no port is named " + quote(name), "name one of ports");
}

/// The kernel's interfaces that are lbd's in one way or another.
void check_interface(const Seen& seen, const VrrpLink& link, const Value& at) {
  if (link.is_port) return check_port(seen, link.name, at);
  if (seen.ports.contains(link.name))
    at.error(quote(link.name) + " is a port", "write port: " + link.name);
  for (const auto& [name, port] : seen.ports) {
    const Device& device = port->port.device;
    const bool kernels = device.kind == DeviceKind::kAfXdp || device.kind == DeviceKind::kAfPacket;
    if (kernels && device.argument == link.name)
      at.error(quote(link.name) + " is the device of port " + name, "write port: " + name);
  }
}

void check_addresses(const VrrpInstanceDraft& draft, Seen& seen) {
  const VrrpInstance& instance = draft.instance;
  const Family family = instance.family();
  size_t advertised = 0;
  for (size_t i = 0; i < instance.addresses.size(); ++i) {
    const VrrpAddress& address = instance.addresses[i];
    const Value& at = draft.addresses_at[i];
    const IpAddress& ip = address.prefix.address;
    if (address.advertise) ++advertised;
    if (address.advertise && ip.family() != family)
      at.error(ip.to_string() + " is not of the family of the others",
               "advertise one family, or say advertise: false");
    if (const auto own = seen.port_addresses.find(ip); own != seen.port_addresses.end())
      at.error(ip.to_string() + " is " + reference(*own->second) + " too",
               "take it off the port: it comes and goes with the instance");
    const auto [first, added] = seen.virtual_addresses.emplace(ip, &at);
    if (!added)
      at.error(ip.to_string() + " is " + reference(*first->second) + " too",
               "give each address to one instance");
    if (!(address.link == instance.link))
      check_interface(seen, address.link, draft.address_links_at[i]);
  }
  if (draft.addresses_at.empty() || advertised == 0) {
    draft.at.error("no virtual address to advertise", "name at least one in virtual_addresses");
    return;
  }
  const size_t most = family == Family::kIpv4 ? kMaxAdvertised4 : kMaxAdvertised6;
  if (advertised > most)
    draft.at.error(
        std::to_string(advertised) + " advertised addresses are above " + std::to_string(most),
        "say advertise: false of some, or make two instances");
  if (family == Family::kIpv6 && instance.version == 2)
    draft.at.error("version 2 has no IPv6", "use version 3");
}

/// What is not a port's the kernel gets without asking us.
void check_accept(const VrrpInstanceDraft& draft) {
  if (draft.instance.accept) return;
  for (const VrrpAddress& address : draft.instance.addresses)
    if (!address.link.is_port)
      return draft.accept_at->error(address.prefix.address.to_string() + " is on " +
                                        address.link.name +
                                        ", which is no port: the kernel takes what comes for it",
                                    "put the address on a port, or leave accept out");
}

void check_source(const VrrpInstanceDraft& draft, const Seen& seen) {
  const VrrpInstance& instance = draft.instance;
  const Family family = instance.family();
  const bool v6 = family == Family::kIpv6;
  if (instance.source && instance.source->family() != family)
    return draft.source_at->error(
        instance.source->to_string() + " is not of the family of the virtual addresses",
        "use one family");
  // RFC 9568 5.1.2.1.
  if (instance.source && v6 && !instance.source->is_link_local() && instance.peers.empty())
    return draft.source_at->error(instance.source->to_string() + " is no link-local address",
                                  "leave it out: the interface has one");
  const auto port = seen.ports.find(instance.link.name);
  if (!instance.link.is_port || port == seen.ports.end() || !port->second->addresses_complete)
    return;
  const auto& addresses = port->second->port.addresses;
  if (instance.source && !instance.source->is_link_local() &&
      std::ranges::none_of(
          addresses, [&](const Prefix& prefix) { return prefix.address == *instance.source; }))
    draft.source_at->error(instance.source->to_string() + " is no address of the port",
                           "name one of its addresses");
  if (!instance.source && !v6 &&
      std::ranges::none_of(addresses, [](const Prefix& prefix) { return prefix.address.is_v4(); }))
    draft.at.error("its port has no IPv4 address to advertise from",
                   "give the port one in addresses");
}

void check_peers(const VrrpInstanceDraft& draft, const Seen& seen) {
  const VrrpInstance& instance = draft.instance;
  const Family family = instance.family();
  // What a switch learns the virtual MAC address from is sent to a group.
  if (instance.virtual_mac && !instance.peers.empty())
    draft.virtual_mac_at->error("beside unicast", "use multicast, or leave it out");
  if (instance.multicast_group && instance.multicast_group->family() != family)
    draft.at.error("multicast_group is not of the family of the virtual addresses",
                   "use one family");
  for (size_t i = 0; i < instance.peers.size(); ++i) {
    const IpAddress& peer = instance.peers[i];
    if (peer.family() != family)
      draft.peers_at[i].error(peer.to_string() + " is not of the family of the virtual addresses",
                              "use one family");
    if (seen.port_addresses.contains(peer) || (instance.source && peer == *instance.source))
      draft.peers_at[i].error(peer.to_string() + " is our own address", "name the other directors");
  }
}

/// One address is pinged in one way, whoever tracks it.
void check_targets(const VrrpInstanceDraft& draft, Seen& seen) {
  for (size_t i = 0; i < draft.instance.track_targets.size(); ++i) {
    const VrrpTarget& target = draft.instance.track_targets[i];
    const Value& at = draft.track_targets_at[i];
    const auto [first, added] = seen.targets.emplace(target.ping, SeenTarget{target, at});
    if (!added && !first->second.target.same_check(target))
      at.error(target.ping.to_string() + " is " + reference(first->second.at) +
                   " too, with another interval, rise or fall",
               "give it the same ones; only the weight is an instance's own");
  }
}

void check_instance(const VrrpInstanceDraft& draft, Seen& seen) {
  const VrrpInstance& instance = draft.instance;
  if (!instance.name.empty()) {
    const auto [first, added] = seen.names.emplace(instance.name, &*draft.name_at);
    if (!added)
      draft.name_at->error(quote(instance.name) + " is " + reference(*first->second) + " too",
                           "give each instance a name of its own");
  }
  if (draft.link_at) check_interface(seen, instance.link, *draft.link_at);
  check_addresses(draft, seen);
  if (instance.virtual_router_id != 0) {
    const auto [first, added] = seen.routers.emplace(
        std::tuple(instance.link.name, instance.family(), unsigned{instance.virtual_router_id}),
        &*draft.vrid_at);
    if (!added)
      draft.vrid_at->error(std::to_string(instance.virtual_router_id) + " is " +
                               reference(*first->second) + " too, on the same link",
                           "give each instance of a link and family an id of its own");
  }
  check_accept(draft);
  check_source(draft, seen);
  check_peers(draft, seen);
  for (size_t i = 0; i < instance.track_ports.size(); ++i)
    check_port(seen, instance.track_ports[i].name, draft.track_ports_at[i]);
  for (size_t i = 0; i < instance.track_scripts.size(); ++i)
    if (!seen.scripts.contains(instance.track_scripts[i].name))
      draft.track_scripts_at[i].error("no script is named " + quote(instance.track_scripts[i].name),
                                      "name one of vrrp.scripts");
  for (size_t i = 0; i < instance.track_services.size(); ++i)
    if (seen.services_complete && !seen.services.contains(instance.track_services[i].name))
      draft.track_services_at[i].error(
          "no service is named " + quote(instance.track_services[i].name), "name one of services");
  check_targets(draft, seen);
  for (const RouteDraft& route : draft.routes)
    if (route.port_at) check_port(seen, route.route.port, *route.port_at);
}

void check_groups(const Draft& draft, const Seen& seen) {
  std::map<std::string, const Value*> names;
  std::map<std::string, const Value*> members;
  for (const VrrpGroupDraft& group : draft.vrrp.groups) {
    if (!group.group.name.empty()) {
      const auto [first, added] = names.emplace(group.group.name, &*group.name_at);
      if (!added)
        group.name_at->error(quote(group.group.name) + " is " + reference(*first->second) + " too",
                             "give each group a name of its own");
    }
    for (const Value& at : group.instances_at) {
      const std::string& name = at.node().text;
      if (!seen.names.contains(name))
        at.error("no instance is named " + quote(name), "name one of vrrp.instances");
      const auto [first, added] = members.emplace(name, &at);
      if (!added)
        at.error(quote(name) + " is " + reference(*first->second) + " too",
                 "an instance belongs to one group");
    }
  }
}

}  // namespace

void check_vrrp(const Draft& draft) {
  Seen seen = survey(draft);
  if (draft.vrrp.instances.size() > kMaxInstances)
    draft.vrrp.instances[kMaxInstances].at.error("more than 4096 instances", "take some out");
  for (const VrrpInstanceDraft& instance : draft.vrrp.instances) check_instance(instance, seen);
  if (seen.virtual_addresses.size() > kMaxAddresses)
    draft.vrrp.instances.front().at.error("more than 4095 virtual addresses in all",
                                          "take some out");
  check_groups(draft, seen);
}

}  // namespace lbd::config
