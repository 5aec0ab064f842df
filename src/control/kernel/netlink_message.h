// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "common/address.h"

// rtnetlink(7) messages as plain values. What is of no concern to a mirror (other tables, cached
// routes, proxy neighbours, address families that are not IP, malformed messages) yields nothing.
namespace lbd::netlink {

struct Link {
  bool removed = false;
  int ifindex = 0;
  bool up = false;  // administratively up and with carrier
  auto operator<=>(const Link&) const = default;
};

struct Address {
  bool removed = false;
  int ifindex = 0;
  Prefix prefix;  // host part kept
  auto operator<=>(const Address&) const = default;
};

struct RouteHop {
  int ifindex = 0;
  std::optional<IpAddress> gateway;  // may be IPv6 for an IPv4 route (RFC 8950)
  auto operator<=>(const RouteHop&) const = default;
};

/// A route of the main table that forwards or that refuses (blackhole, unreachable, prohibit).
struct Route {
  bool removed = false;
  bool replaces = false;  // NLM_F_REPLACE
  bool appends = false;   // NLM_F_APPEND
  Prefix prefix;          // host part zero
  uint32_t metric = 0;
  uint8_t protocol = 0;
  bool refuses = false;
  std::optional<IpAddress> source;  // preferred source
  std::vector<RouteHop> hops;       // empty if it refuses
};

struct Neighbour {
  bool removed = false;
  int ifindex = 0;
  IpAddress address;
  uint16_t state = 0;  // NUD_*
  MacAddress mac;      // zero where none is known
  bool managed = false;
};

/// A nexthop object changed (ip nexthop): routes may have changed without a message of their own.
struct Nexthop {};

using Event = std::variant<Link, Address, Route, Neighbour, Nexthop>;

/// `message` is complete (its length was checked against the buffer).
std::optional<Event> parse(const nlmsghdr* message);

}  // namespace lbd::netlink
