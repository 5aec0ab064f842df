// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <unordered_map>

#include "common/address.h"
#include "dataplane/counters.h"
#include "dataplane/ids.h"
#include "dataplane/lpm.h"

// The kernel's routes and neighbours as the fast path knows them. Control (the netlink mirror)
// writes; workers read, and only for packets of their own making (ICMP errors, resets). Forwarded
// packets carry a next hop's id in their connection.
namespace lbd {

struct RouteHop {
  PortIndex port = 0;
  bool on_link = true;        // true: the destination itself is the neighbour
  NextHopId gateway = kNoId;  // else this one
};

struct RouteEntry {
  static constexpr unsigned kMaxHops = 16;
  uint8_t count = 0;  // equal-cost next hops; 0: blackhole, unreachable
  std::array<RouteHop, kMaxHops> hops;
};

/// On-link neighbours that the mirror knows: (port, address) -> next hop. Immutable; a change makes
/// a new one, the old one is freed after the grace period.
using NeighbourMap = std::unordered_map<IpAddress, NextHopId>;

struct Routing {
  /// Values are slots of `entries`.
  Lpm ipv4{Family::kIpv4};
  Lpm ipv6{Family::kIpv6};
  /// A slot is rewritten only a grace period after the last LPM entry that named it is gone.
  GrowingArray<RouteEntry> entries;
  /// Changes with everything above and below that may make find_route() answer otherwise; written
  /// after it. Who remembers an answer remembers this with it. Never 0.
  std::atomic<uint32_t> generation{1};
  /// One map a port.
  std::array<std::atomic<const NeighbourMap*>, kMaxPorts> neighbours{};

  const Lpm& lpm(Family family) const { return family == Family::kIpv4 ? ipv4 : ipv6; }
};

/// For those who change routes or neighbours: to be called afterwards, by one thread.
inline void bump_generation(Routing& routing) {
  const uint32_t next = routing.generation.load(std::memory_order_relaxed) + 1;
  routing.generation.store(next == 0 ? 1 : next, std::memory_order_release);
}

struct RouteAnswer {
  bool found = false;  // a route is there
  PortIndex port = 0;
  NextHopId next_hop =
      kNoId;  // kNoId with found: the neighbour `address` on `port` is to be asked for
  IpAddress neighbour;
};

/// Which way to `destination`. `flow_hash` chooses among equal-cost next hops.
RouteAnswer find_route(const Routing& routing, const IpAddress& destination, uint32_t flow_hash);

}  // namespace lbd
