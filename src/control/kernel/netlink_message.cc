// SPDX-License-Identifier: Apache-2.0
#include "control/kernel/netlink_message.h"

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include <algorithm>
#include <cstring>

namespace lbd::netlink {
namespace {

// libnl-3 takes a mutable header where it only reads.
nlmsghdr* mutable_header(const nlmsghdr* message) {
  return const_cast<nlmsghdr*>(message);
}

template <class Header, int Max>
struct Parsed {
  const Header* header = nullptr;
  std::array<nlattr*, Max + 1> attributes{};

  explicit Parsed(const nlmsghdr* message) {
    if (nlmsg_parse(mutable_header(message), sizeof(Header), attributes.data(), Max, nullptr) < 0)
      return;
    header = static_cast<const Header*>(nlmsg_data(mutable_header(message)));
  }
  explicit operator bool() const { return header != nullptr; }
  nlattr* operator[](int type) const { return attributes[type]; }
};

uint32_t read_u32(const nlattr* attribute, uint32_t otherwise) {
  return attribute != nullptr && nla_len(attribute) >= 4 ? nla_get_u32(attribute) : otherwise;
}

std::optional<IpAddress> read_ip(uint8_t family, const void* data, int length) {
  if (family == AF_INET && length >= 4) return IpAddress::v4(data);
  if (family == AF_INET6 && length >= 16) return IpAddress::v6(data);
  return std::nullopt;
}

std::optional<IpAddress> read_ip(uint8_t family, const nlattr* attribute) {
  if (attribute == nullptr) return std::nullopt;
  return read_ip(family, nla_data(attribute), nla_len(attribute));
}

/// RTA_VIA: a gateway of a family of its own.
std::optional<IpAddress> read_via(const nlattr* attribute) {
  const int length = attribute == nullptr ? 0 : nla_len(attribute);
  if (length < static_cast<int>(sizeof(rtvia))) return std::nullopt;
  const auto* via = static_cast<const rtvia*>(nla_data(attribute));
  return read_ip(static_cast<uint8_t>(via->rtvia_family), via->rtvia_addr,
                 length - static_cast<int>(sizeof(rtvia)));
}

std::optional<IpAddress> read_gateway(uint8_t family, const nlattr* gateway, const nlattr* via) {
  return gateway != nullptr ? read_ip(family, gateway) : read_via(via);
}

std::optional<Event> parse_link(const nlmsghdr* message) {
  const Parsed<ifinfomsg, IFLA_MAX> link(message);
  if (!link) return std::nullopt;
  Link out;
  out.removed = message->nlmsg_type == RTM_DELLINK;
  out.ifindex = link.header->ifi_index;
  constexpr unsigned kUp = IFF_UP | IFF_LOWER_UP;
  out.up = !out.removed && (link.header->ifi_flags & kUp) == kUp;
  return out;
}

std::optional<Event> parse_address(const nlmsghdr* message) {
  const Parsed<ifaddrmsg, IFA_MAX> address(message);
  if (!address) return std::nullopt;
  // On a point-to-point interface IFA_ADDRESS is the peer; IFA_LOCAL is ours where it is there.
  const auto local =
      read_ip(address.header->ifa_family,
              address[IFA_LOCAL] != nullptr ? address[IFA_LOCAL] : address[IFA_ADDRESS]);
  if (!local || address.header->ifa_prefixlen > local->bits()) return std::nullopt;
  Address out;
  out.removed = message->nlmsg_type == RTM_DELADDR;
  out.ifindex = static_cast<int>(address.header->ifa_index);
  out.prefix = Prefix{*local, address.header->ifa_prefixlen};
  return out;
}

void read_multipath(uint8_t family, const nlattr* multipath, std::vector<RouteHop>& hops) {
  const auto* hop = static_cast<const rtnexthop*>(nla_data(multipath));
  int left = nla_len(multipath);
  while (left >= static_cast<int>(sizeof(rtnexthop)) && hop->rtnh_len >= sizeof(rtnexthop) &&
         hop->rtnh_len <= left) {
    std::array<nlattr*, RTA_MAX + 1> attributes{};
    const int length = hop->rtnh_len - static_cast<int>(sizeof(rtnexthop));
    auto* first = reinterpret_cast<nlattr*>(RTNH_DATA(const_cast<rtnexthop*>(hop)));
    if (nla_parse(attributes.data(), RTA_MAX, first, length, nullptr) < 0) return;
    if ((hop->rtnh_flags & RTNH_F_DEAD) == 0) {
      hops.push_back(
          {hop->rtnh_ifindex, read_gateway(family, attributes[RTA_GATEWAY], attributes[RTA_VIA])});
    }
    left -= RTNH_ALIGN(hop->rtnh_len);
    hop = RTNH_NEXT(hop);
  }
}

bool is_refusal(uint8_t type) {
  return type == RTN_BLACKHOLE || type == RTN_UNREACHABLE || type == RTN_PROHIBIT;
}

void read_hops(const Parsed<rtmsg, RTA_MAX>& route, Route& out) {
  const uint8_t family = route.header->rtm_family;
  if (route[RTA_MULTIPATH] != nullptr)
    return read_multipath(family, route[RTA_MULTIPATH], out.hops);
  const int ifindex = static_cast<int>(read_u32(route[RTA_OIF], 0));
  if (ifindex == 0 || (route.header->rtm_flags & RTNH_F_DEAD) != 0) return;
  out.hops.push_back({ifindex, read_gateway(family, route[RTA_GATEWAY], route[RTA_VIA])});
}

std::optional<Event> parse_route(const nlmsghdr* message) {
  const Parsed<rtmsg, RTA_MAX> route(message);
  if (!route) return std::nullopt;
  const rtmsg& header = *route.header;
  if (header.rtm_family != AF_INET && header.rtm_family != AF_INET6) return std::nullopt;
  if (read_u32(route[RTA_TABLE], header.rtm_table) != RT_TABLE_MAIN) return std::nullopt;
  // Source-specific and type-of-service routes are not what the fast path asks for.
  if ((header.rtm_flags & RTM_F_CLONED) != 0 || header.rtm_tos != 0 || header.rtm_src_len != 0) {
    return std::nullopt;
  }
  Route out;
  out.refuses = is_refusal(header.rtm_type);
  if (!out.refuses && header.rtm_type != RTN_UNICAST) return std::nullopt;
  const std::array<uint8_t, 16> zero{};
  const auto to = route[RTA_DST] != nullptr ? read_ip(header.rtm_family, route[RTA_DST])
                                            : read_ip(header.rtm_family, zero.data(), 16);
  if (!to || header.rtm_dst_len > to->bits()) return std::nullopt;
  out.prefix = Prefix{*to, header.rtm_dst_len}.network();
  out.removed = message->nlmsg_type == RTM_DELROUTE;
  out.replaces = !out.removed && (message->nlmsg_flags & NLM_F_REPLACE) != 0;
  out.appends = !out.removed && (message->nlmsg_flags & NLM_F_APPEND) != 0;
  out.metric = read_u32(route[RTA_PRIORITY], 0);
  out.protocol = header.rtm_protocol;
  out.source = read_ip(header.rtm_family, route[RTA_PREFSRC]);
  if (!out.refuses) read_hops(route, out);
  return out;
}

std::optional<Event> parse_neighbour(const nlmsghdr* message) {
  const Parsed<ndmsg, NDA_MAX> neighbour(message);
  if (!neighbour || (neighbour.header->ndm_flags & NTF_PROXY) != 0) return std::nullopt;
  const auto address = read_ip(neighbour.header->ndm_family, neighbour[NDA_DST]);
  if (!address || address->is_multicast()) return std::nullopt;
  Neighbour out;
  out.removed = message->nlmsg_type == RTM_DELNEIGH;
  out.ifindex = neighbour.header->ndm_ifindex;
  out.address = *address;
  out.state = neighbour.header->ndm_state;
  out.managed = (read_u32(neighbour[NDA_FLAGS_EXT], 0) & NTF_EXT_MANAGED) != 0;
  const nlattr* mac = neighbour[NDA_LLADDR];
  if (mac != nullptr && nla_len(mac) == 6) std::memcpy(out.mac.bytes.data(), nla_data(mac), 6);
  return out;
}

}  // namespace

std::optional<Event> parse(const nlmsghdr* message) {
  switch (message->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return parse_link(message);
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return parse_address(message);
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      return parse_route(message);
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH:
      return parse_neighbour(message);
    case RTM_NEWNEXTHOP:
    case RTM_DELNEXTHOP:
      return Nexthop{};
    default:
      return std::nullopt;
  }
}

}  // namespace lbd::netlink
