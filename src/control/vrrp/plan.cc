// SPDX-License-Identifier: Apache-2.0
#include "control/vrrp/plan.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace lbd {
namespace {

vrrp::Time nanoseconds(config::Milliseconds time) {
  return std::chrono::duration_cast<vrrp::Time>(time);
}

MacAddress mac_of(const std::string& interface) {
  MacAddress mac;
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  if (::ioctl(fd, SIOCGIFHWADDR, &request) == 0)
    std::memcpy(mac.bytes.data(), request.ifr_hwaddr.sa_data, 6);
  ::close(fd);
  return mac;
}

/// The first one of an interface that advertisements may come from: IPv4, or IPv6 link-local
/// (RFC 9568 5.1.2.1). Virtual ones are none.
std::optional<IpAddress> address_of(const std::string& interface, Family family,
                                    const VirtualAddresses& slots) {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return std::nullopt;
  std::optional<IpAddress> found;
  for (const ifaddrs* one = all; one != nullptr && !found; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || interface != one->ifa_name) continue;
    IpAddress address;
    if (family == Family::kIpv4 && one->ifa_addr->sa_family == AF_INET)
      address = IpAddress::v4(&reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr);
    else if (family == Family::kIpv6 && one->ifa_addr->sa_family == AF_INET6)
      address = IpAddress::v6(&reinterpret_cast<const sockaddr_in6*>(one->ifa_addr)->sin6_addr);
    else
      continue;
    const bool fits = family == Family::kIpv4 || address.is_link_local();
    if (fits && !slots.contains(address)) found = address;
  }
  ::freeifaddrs(all);
  return found;
}

/// Puts one instance together.
class Maker {
 public:
  Maker(const config::Config& config, const VirtualAddresses& slots, HeldFlags& flags,
        const VrrpLinks& links, Macvlans& macvlans, VrrpPlan& out)
      : config_(config),
        slots_(slots),
        flags_(flags),
        links_(links),
        macvlans_(macvlans),
        out_(out) {}

  void add(const config::VrrpInstance& from);

 private:
  vrrp::Protocol protocol(const config::VrrpInstance& from);
  IpAddress source(const config::VrrpInstance& from);
  vrrp::VirtualAddress address(const config::VrrpAddress& from);
  std::optional<vrrp::VirtualMac> virtual_mac(const config::VrrpInstance& from);
  std::vector<vrrp::TrackConfig> tracks(const config::VrrpInstance& from) const;
  std::shared_ptr<vrrp::Link> link(const std::string& interface, int ifindex, Family family);
  void problem(const std::string& text) { out_.problems.push_back(name_ + ": " + text); }

  const config::Config& config_;
  const VirtualAddresses& slots_;
  HeldFlags& flags_;
  const VrrpLinks& links_;
  Macvlans& macvlans_;
  VrrpPlan& out_;
  std::string name_;
};

IpAddress Maker::source(const config::VrrpInstance& from) {
  const Family family = from.family();
  if (from.source) return *from.source;
  if (from.link.is_port && family == Family::kIpv4)
    for (const config::Port& port : config_.ports)
      if (port.name == from.link.name)
        for (const Prefix& prefix : port.addresses)
          if (prefix.address.is_v4()) return prefix.address;
  const auto found = address_of(from.link.name, family, slots_);
  if (!found)
    problem(from.link.name + " has no " +
            (family == Family::kIpv4 ? "IPv4 address" : "IPv6 link-local address") +
            " to advertise from");
  return found.value_or(IpAddress());
}

vrrp::Protocol Maker::protocol(const config::VrrpInstance& from) {
  vrrp::Protocol out;
  out.family = from.family();
  out.version = from.version;
  out.vrid = from.virtual_router_id;
  out.interval_cs = static_cast<uint32_t>(from.interval.count() / 10);
  out.pseudo_header = from.pseudo_header;
  out.password = from.password;
  out.group = from.multicast_group.value_or(
      *IpAddress::parse(out.family == Family::kIpv4 ? "224.0.0.18" : "ff02::12"));
  out.peers = from.peers;
  out.source = source(from);
  for (const config::VrrpAddress& address : from.addresses)
    if (address.advertise) out.addresses.push_back(address.prefix.address);
  // RFC 9568 5.2.9: an IPv6 router's link-local address comes first.
  std::stable_partition(out.addresses.begin(), out.addresses.end(),
                        [](const IpAddress& one) { return one.is_link_local(); });
  out.sorted_addresses = out.addresses;
  std::ranges::sort(out.sorted_addresses);
  return out;
}

vrrp::VirtualAddress Maker::address(const config::VrrpAddress& from) {
  vrrp::VirtualAddress out;
  out.prefix = from.prefix;
  out.ifindex = static_cast<int>(::if_nametoindex(from.link.name.c_str()));
  out.announce_on = out.ifindex;
  out.mac = mac_of(from.link.name);
  out.advertise = from.advertise;
  if (out.ifindex == 0) problem("no interface " + from.link.name);
  const auto slot = slots_.find(from.prefix.address);
  if (slot != slots_.end()) out.held = &flags_[slot->second.slot];
  return out;
}

std::optional<vrrp::VirtualMac> Maker::virtual_mac(const config::VrrpInstance& from) {
  vrrp::VirtualMac out;
  out.mac = virtual_router_mac(from.family(), from.virtual_router_id);
  PortInfo* port = from.link.is_port ? macvlans_.port(from.link.name) : nullptr;
  const auto made = macvlans_.make(from.link.name, out.mac, port);
  if (!made) {
    problem(made.error().message);
    return std::nullopt;
  }
  out.ifindex = *made;
  if (port != nullptr) out.held = &port->virtual_macs[out.mac];
  return out;
}

std::vector<vrrp::TrackConfig> Maker::tracks(const config::VrrpInstance& from) const {
  std::vector<vrrp::TrackConfig> out;
  const std::string kind = from.link.is_port ? "port " : "interface ";
  if (from.track_own_port) out.push_back({kind + from.link.name, 0, from.link.name});
  for (const config::VrrpTracked& tracked : from.track_ports) {
    const std::string name = "port " + tracked.name;
    std::erase_if(out, [&](const vrrp::TrackConfig& one) { return one.name == name; });
    out.push_back({name, tracked.weight, tracked.name});
  }
  for (const config::VrrpTracked& tracked : from.track_scripts)
    out.push_back({"script " + tracked.name, tracked.weight, {}});
  for (const config::VrrpTracked& tracked : from.track_services)
    out.push_back({"service " + tracked.name, tracked.weight, {}});
  for (const config::VrrpTracked& tracked : from.track_processes)
    out.push_back({"process " + tracked.name, tracked.weight, {}});
  for (const config::VrrpTarget& target : from.track_targets)
    out.push_back({"target " + target.ping.to_string(), target.weight, {}});
  if (from.track_dataplane) out.push_back({"dataplane", 0, {}});
  return out;
}

std::shared_ptr<vrrp::Link> Maker::link(const std::string& interface, int ifindex, Family family) {
  const std::pair key(ifindex, family);
  if (const auto made = out_.links.find(key); made != out_.links.end()) return made->second;
  if (const auto old = links_.find(key); old != links_.end()) return out_.links[key] = old->second;
  auto opened = vrrp::Link::open(interface, ifindex, family);
  if (!opened) {
    problem(opened.error().message);
    return nullptr;
  }
  return out_.links[key] = std::move(opened).value();
}

void Maker::add(const config::VrrpInstance& from) {
  name_ = "vrrp instance " + from.name;
  vrrp::InstanceConfig out;
  out.name = from.name;
  out.interface = from.link.name;
  out.ifindex = static_cast<int>(::if_nametoindex(from.link.name.c_str()));
  out.protocol = protocol(from);
  out.priority = from.priority;
  out.down_after = from.down_after;
  out.takeover_delay = nanoseconds(from.takeover_delay);
  out.preempt = from.preempt;
  out.preempt_delay = nanoseconds(from.preempt_delay);
  for (const config::VrrpAddress& one : from.addresses) out.addresses.push_back(address(one));
  if (from.virtual_mac) out.virtual_mac = virtual_mac(from);
  // Addresses of another link have the MAC address of that one.
  for (vrrp::VirtualAddress& one : out.addresses) {
    if (!out.virtual_mac || one.ifindex != out.ifindex) continue;
    one.ifindex = out.virtual_mac->ifindex;
    one.mac = out.virtual_mac->mac;
  }
  for (const config::VrrpRoute& route : from.routes)
    out.routes.push_back(
        {route.to, route.via,
         route.port.empty() ? 0 : static_cast<int>(::if_nametoindex(route.port.c_str())),
         route.source, route.metric});
  const config::VrrpGratuitousArp& arp = from.gratuitous_arp;
  out.announcing = {arp.repeat, nanoseconds(arp.delay), nanoseconds(arp.refresh),
                    nanoseconds(arp.interval)};
  out.tracks = tracks(from);
  const auto socket =
      out.ifindex == 0 ? nullptr : link(from.link.name, out.ifindex, out.protocol.family);
  if (socket && out.protocol.peers.empty())
    if (const Status joined = socket->join(out.protocol.group); !joined)
      problem(joined.error().message);
  if (from.virtual_mac && !out.virtual_mac) out.tracks.push_back({"virtual MAC address", 0, {}});
  // Without a source it cannot speak; a track that never comes up keeps it in FAULT until it can.
  if (!socket || out.protocol.source.is_unspecified())
    out.tracks.push_back({"source address", 0, {}});
  out_.plan.instances.push_back(std::move(out));
}

}  // namespace

VrrpPlan make_vrrp_plan(const config::Config& config, const VirtualAddresses& slots,
                        HeldFlags& flags, const VrrpLinks& links, Macvlans& macvlans) {
  VrrpPlan out;
  Maker maker(config, slots, flags, links, macvlans, out);
  for (const config::VrrpInstance& instance : config.vrrp.instances) maker.add(instance);
  for (const config::VrrpSyncGroup& group : config.vrrp.sync_groups)
    out.plan.groups.push_back({group.name, group.instances});
  return out;
}

}  // namespace lbd
