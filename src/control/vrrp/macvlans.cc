// SPDX-License-Identifier: Apache-2.0
#include "control/vrrp/macvlans.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstring>
#include <iterator>

#include "control/kernel/netlink_socket.h"
#include "control/kernel/sysctl.h"
#include "dataplane/port.h"

namespace lbd {
namespace {

/// At most 15 bytes, and no other instance's: an interface has one of each family and id.
std::string name_of(int parent, const MacAddress& mac) {
  return "vr" + std::string(mac.bytes[4] == 1 ? "4" : "6") + "-" + std::to_string(parent) + "-" +
         std::to_string(mac.bytes[5]);
}

ifinfomsg header_of(int ifindex) {
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  header.ifi_index = ifindex;
  return header;
}

int request_new(netlink::RequestSocket& requests, const std::string& name, int parent,
                const MacAddress& mac) {
  const ifinfomsg header = header_of(0);
  auto message = netlink::make_message(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL,
                                       &header, sizeof(header));
  if (!message) return ENOMEM;
  nl_msg* raw = message.get();
  nla_put_string(raw, IFLA_IFNAME, name.c_str());
  nla_put_u32(raw, IFLA_LINK, static_cast<uint32_t>(parent));
  nla_put(raw, IFLA_ADDRESS, static_cast<int>(mac.bytes.size()), mac.bytes.data());
  nlattr* info = nla_nest_start(raw, IFLA_LINKINFO);
  nla_put_string(raw, IFLA_INFO_KIND, "macvlan");
  nlattr* data = nla_nest_start(raw, IFLA_INFO_DATA);
  // Bridge: what another master sends from the same address still reaches the interface below.
  nla_put_u32(raw, IFLA_MACVLAN_MODE, MACVLAN_MODE_BRIDGE);
  nla_nest_end(raw, data);
  nla_nest_end(raw, info);
  return requests.request(std::move(message));
}

int request_delete(netlink::RequestSocket& requests, int ifindex) {
  const ifinfomsg header = header_of(ifindex);
  auto message = netlink::make_message(RTM_DELLINK, NLM_F_REQUEST, &header, sizeof(header));
  const int error = message ? requests.request(std::move(message)) : ENOMEM;
  return error == ENODEV ? 0 : error;  // gone with the interface below
}

/// Each interface answers ARP for its own addresses alone, whichever way back the kernel knows. No
/// IPv6 address comes by itself: it would be the same on every director.
void apply_settings(const std::string& name) {
  for (const auto& [key, value] :
       {std::pair{"arp_ignore", 1}, {"arp_announce", 2}, {"rp_filter", 2}})
    sysctl::write("net/ipv4/conf/" + name + "/" + key, value);
  for (const auto& [key, value] : {std::pair{"addr_gen_mode", 1},
                                   {"accept_dad", 0},
                                   {"dad_transmits", 0},
                                   {"accept_ra", 0},
                                   {"autoconf", 0},
                                   {"router_solicitations", 0}})
    sysctl::write("net/ipv6/conf/" + name + "/" + key, value);
}

}  // namespace

Result<int> Macvlans::make(const std::string& interface, const MacAddress& mac, PortInfo* port) {
  const int parent = static_cast<int>(::if_nametoindex(interface.c_str()));
  const std::string name = name_of(parent, mac);
  const auto known = made_.find(name);
  const int there = static_cast<int>(::if_nametoindex(name.c_str()));
  if (known != made_.end() && known->second.ifindex == there) return there;
  const auto failure = [&](const std::string& why) {
    return Error{"cannot make the macvlan " + name + " on " + interface + ": " + why};
  };
  auto requests = netlink::RequestSocket::open();
  if (!requests) return failure(requests.error().message);
  if (there != 0) request_delete(*requests, there);  // a crash has left it
  if (const int error = request_new(*requests, name, parent, mac); error != 0)
    return failure(requests->reason().empty() ? std::strerror(error) : requests->reason());
  const int ifindex = static_cast<int>(::if_nametoindex(name.c_str()));
  apply_settings(name);
  if (port != nullptr)
    if (const Status received = receive_mac(*port, mac, true); !received)
      spdlog::warn("vrrp: {}", received.error().message);
  made_[name] = {ifindex, mac, port};
  return ifindex;
}

void Macvlans::keep(const std::set<int>& ifindexes) {
  for (auto one = made_.begin(); one != made_.end();) {
    const Made& made = one->second;
    if (ifindexes.contains(made.ifindex)) {
      ++one;
      continue;
    }
    auto requests = netlink::RequestSocket::open();
    const int error = requests ? request_delete(*requests, made.ifindex) : ENOMEM;
    if (error != 0)
      spdlog::warn("vrrp: cannot remove the macvlan {}: {}", one->first, std::strerror(error));
    if (made.port != nullptr)
      if (const Status received = receive_mac(*made.port, made.mac, false); !received)
        spdlog::warn("vrrp: {}", received.error().message);
    one = made_.erase(one);
  }
}

PortInfo* Macvlans::port(const std::string& name) const {
  for (unsigned index = 0; index < ports_.count; ++index)
    if (ports_[static_cast<PortIndex>(index)].name == name)
      return &ports_[static_cast<PortIndex>(index)];
  return nullptr;
}

}  // namespace lbd
