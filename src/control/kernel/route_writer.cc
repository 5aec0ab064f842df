// SPDX-License-Identifier: Apache-2.0
#include "control/kernel/route_writer.h"

#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "control/kernel/netlink_mirror.h"

namespace lbd {
namespace {

/// IP6_RT_PRIO_USER: what the kernel takes for an IPv6 route without a metric.
constexpr uint32_t kIpv6DefaultMetric = 1024;

uint32_t effective_metric(const config::Route& route) {
  return route.metric == 0 && !route.to.address.is_v4() ? kIpv6DefaultMetric : route.metric;
}

std::optional<int> wanted_ifindex(const config::Route& route, const TapLinks& links,
                                  const std::vector<std::string>& names) {
  if (route.port.empty()) return 0;
  const auto found = std::ranges::find(names, route.port);
  if (found == names.end()) return std::nullopt;
  const int ifindex = links.ifindex(static_cast<PortIndex>(found - names.begin()));
  return ifindex > 0 ? std::optional<int>(ifindex) : std::nullopt;
}

bool same_key(const netlink::Route& there, const config::Route& wanted) {
  return there.prefix == wanted.to.network() && there.metric == effective_metric(wanted);
}

bool same_way(const netlink::Route& there, const config::Route& wanted, int ifindex) {
  return there.hops.size() == 1 && there.hops[0].gateway == wanted.via &&
         (ifindex == 0 || there.hops[0].ifindex == ifindex) && there.source == wanted.source;
}

netlink::Message make_request(int type, int flags, const Prefix& prefix, uint32_t metric) {
  rtmsg header{};
  header.rtm_family = prefix.address.is_v4() ? AF_INET : AF_INET6;
  header.rtm_dst_len = prefix.length;
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = kRouteProtocol;
  header.rtm_type = type == RTM_DELROUTE ? RTN_UNSPEC : RTN_UNICAST;
  header.rtm_scope = type == RTM_DELROUTE ? RT_SCOPE_NOWHERE : RT_SCOPE_UNIVERSE;
  auto message = netlink::make_message(type, NLM_F_REQUEST | flags, &header, sizeof(header));
  if (!message) return message;
  nla_put(message.get(), RTA_DST, static_cast<int>(prefix.address.size()), prefix.address.data());
  if (metric != 0) nla_put_u32(message.get(), RTA_PRIORITY, metric);
  return message;
}

void put_ip(nl_msg* message, int type, const IpAddress& address) {
  nla_put(message, type, static_cast<int>(address.size()), address.data());
}

int add_route(netlink::RequestSocket& requests, const config::Route& route, int ifindex,
              bool replace) {
  const int flags = NLM_F_CREATE | (replace ? NLM_F_REPLACE : NLM_F_EXCL);
  auto message = make_request(RTM_NEWROUTE, flags, route.to.network(), effective_metric(route));
  if (!message) return ENOMEM;
  auto* header = static_cast<rtmsg*>(nlmsg_data(nlmsg_hdr(message.get())));
  if (!route.via && route.to.address.is_v4()) header->rtm_scope = RT_SCOPE_LINK;
  if (route.via) put_ip(message.get(), RTA_GATEWAY, *route.via);
  if (ifindex > 0) nla_put_u32(message.get(), RTA_OIF, static_cast<uint32_t>(ifindex));
  if (route.source) put_ip(message.get(), RTA_PREFSRC, *route.source);
  return requests.request(std::move(message));
}

int remove_route(netlink::RequestSocket& requests, const netlink::Route& route) {
  auto message = make_request(RTM_DELROUTE, 0, route.prefix, route.metric);
  const int error = message ? requests.request(std::move(message)) : ENOMEM;
  return error == ESRCH ? 0 : error;
}

std::string describe(int error, const std::string& reason) {
  std::string text = std::strerror(error);
  if (!reason.empty()) text += " (" + reason + ")";
  if (error == EEXIST)
    text += ": another one with this metric is there; give it a metric of its own";
  if (error == ENETUNREACH || error == EHOSTUNREACH) {
    text += ": the gateway lies in no port's network, or the port is down";
  }
  return text;
}

std::string place_of(const config::Route& route) {
  const std::string where = route.place.line > 0 ? route.place.to_string() + ": " : "";
  return where + "route to " + route.to.to_string();
}

}  // namespace

bool RouteWriter::is_own(const netlink::Route& route, const TapLinks& links) const {
  if (route.protocol != kRouteProtocol) return false;
  if (put_.contains({route.prefix, route.metric})) return true;
  return std::ranges::any_of(route.hops,
                             [&](const auto& hop) { return links.port(hop.ifindex).has_value(); });
}

std::vector<netlink::Route> RouteWriter::read_own(netlink::RequestSocket& requests,
                                                  const TapLinks& links, int& error) const {
  std::vector<netlink::Route> own;
  const auto take = [&](const nlmsghdr* message) {
    const auto event = netlink::parse(message);
    if (!event) return;
    const auto* route = std::get_if<netlink::Route>(&*event);
    if (route != nullptr && is_own(*route, links)) own.push_back(*route);
  };
  for (int attempt = 0; attempt < 3; ++attempt) {
    own.clear();
    error = requests.dump(RTM_GETROUTE, AF_UNSPEC, take);
    if (error != EINTR) break;
  }
  return own;
}

Status RouteWriter::apply(netlink::RequestSocket& requests, const TapLinks& links,
                          const std::vector<config::Route>& wanted,
                          const std::vector<std::string>& port_names) {
  int error = 0;
  const std::vector<netlink::Route> own = read_own(requests, links, error);
  if (error != 0)
    return Error{std::string("cannot read the kernel's routes: ") + std::strerror(error)};
  std::string problems;
  const auto note = [&](const std::string& what, const std::string& why) {
    problems += (problems.empty() ? "" : "; ") + what + ": " + why;
  };
  for (const netlink::Route& there : own) {
    if (std::ranges::any_of(wanted, [&](const auto& route) { return same_key(there, route); }))
      continue;
    const int failed = remove_route(requests, there);
    if (failed != 0) {
      note("old route to " + there.prefix.to_string(), describe(failed, requests.reason()));
    }
  }
  for (const config::Route& route : wanted) {
    const auto ifindex = wanted_ifindex(route, links, port_names);
    if (!ifindex) {
      note(place_of(route), "port " + route.port + " has no TAP");
      continue;
    }
    const auto there =
        std::ranges::find_if(own, [&](const auto& known) { return same_key(known, route); });
    if (there != own.end() && same_way(*there, route, *ifindex)) continue;
    const int failed = add_route(requests, route, *ifindex, there != own.end());
    if (failed != 0) {
      note(place_of(route), describe(failed, requests.reason()));
    } else {
      put_.emplace(route.to.network(), effective_metric(route));
    }
  }
  if (!problems.empty()) return Error{problems};
  return Done{};
}

}  // namespace lbd
