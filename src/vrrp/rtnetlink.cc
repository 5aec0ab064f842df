// SPDX-License-Identifier: Apache-2.0
#include "vrrp/rtnetlink.h"

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstring>

namespace lbd::vrrp {
namespace {

constexpr uint32_t kForever = 0xffffffffu;

class Request {
 public:
  template <class Header>
  Request(uint16_t type, unsigned flags, uint32_t sequence, const Header& header) {
    nlmsghdr message{};
    message.nlmsg_type = type;
    message.nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    message.nlmsg_seq = sequence;
    append(&message, sizeof(message));
    append(&header, sizeof(header));
  }

  void put(uint16_t type, const void* value, size_t length) {
    rtattr attribute{};
    attribute.rta_len = static_cast<uint16_t>(RTA_LENGTH(length));
    attribute.rta_type = type;
    append(&attribute, sizeof(attribute));
    append(value, length);
  }
  void put(uint16_t type, const IpAddress& address) { put(type, address.data(), address.size()); }
  void put(uint16_t type, uint32_t value) { put(type, &value, sizeof(value)); }

  std::vector<uint8_t> take() {
    const auto length = static_cast<uint32_t>(bytes_.size());
    std::memcpy(bytes_.data(), &length, sizeof(length));  // nlmsg_len comes first
    return std::move(bytes_);
  }

 private:
  void append(const void* data, size_t length) {
    const auto* bytes = static_cast<const uint8_t*>(data);
    bytes_.insert(bytes_.end(), bytes, bytes + length);
    bytes_.resize(NLMSG_ALIGN(bytes_.size()));
  }
  std::vector<uint8_t> bytes_;
};

int family_of(const IpAddress& address) {
  return address.is_v4() ? AF_INET : AF_INET6;
}

std::vector<uint8_t> address_request(const KernelChange& change, uint32_t sequence) {
  const IpAddress& address = change.address.address;
  ifaddrmsg header{};
  header.ifa_family = static_cast<uint8_t>(family_of(address));
  header.ifa_prefixlen = change.address.length;
  header.ifa_scope = address.is_link_local() ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  header.ifa_index = static_cast<unsigned>(change.ifindex);
  Request request(change.add ? RTM_NEWADDR : RTM_DELADDR,
                  change.add ? NLM_F_CREATE | NLM_F_REPLACE : 0, sequence, header);
  request.put(IFA_LOCAL, address);
  request.put(IFA_ADDRESS, address);
  if (change.add && !address.is_v4()) {
    request.put(IFA_FLAGS, uint32_t{IFA_F_NODAD});
    ifa_cacheinfo lifetime{};
    lifetime.ifa_prefered = 0;
    lifetime.ifa_valid = kForever;
    request.put(IFA_CACHEINFO, &lifetime, sizeof(lifetime));
  }
  return request.take();
}

std::vector<uint8_t> route_request(const KernelChange& change, uint32_t sequence) {
  const VirtualRoute& route = change.route;
  rtmsg header{};
  header.rtm_family = static_cast<uint8_t>(family_of(route.to.address));
  header.rtm_dst_len = route.to.length;
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = kRouteProtocol;
  header.rtm_scope = route.via ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
  header.rtm_type = RTN_UNICAST;
  Request request(change.add ? RTM_NEWROUTE : RTM_DELROUTE,
                  change.add ? NLM_F_CREATE | NLM_F_REPLACE : 0, sequence, header);
  request.put(RTA_DST, route.to.address);
  if (route.via) request.put(RTA_GATEWAY, *route.via);
  if (route.ifindex != 0) request.put(RTA_OIF, static_cast<uint32_t>(route.ifindex));
  if (route.source) request.put(RTA_PREFSRC, *route.source);
  if (route.metric != 0) request.put(RTA_PRIORITY, route.metric);
  return request.take();
}

std::vector<uint8_t> link_request(const KernelChange& change, uint32_t sequence) {
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  header.ifi_index = change.ifindex;
  header.ifi_change = IFF_UP;
  header.ifi_flags = change.add ? IFF_UP : 0;
  return Request(RTM_NEWLINK, 0, sequence, header).take();
}

}  // namespace

std::vector<uint8_t> rtnetlink_request(const KernelChange& change, uint32_t sequence) {
  switch (change.what) {
    case KernelChange::What::kRoute:
      return route_request(change, sequence);
    case KernelChange::What::kLink:
      return link_request(change, sequence);
    default:
      return address_request(change, sequence);
  }
}

}  // namespace lbd::vrrp
