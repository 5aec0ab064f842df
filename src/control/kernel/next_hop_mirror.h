// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "control/kernel/neighbour_mirror.h"
#include "control/kernel/route_mirror.h"

namespace lbd {

/// The addresses that somebody acquired (real servers). Each has a slot that follows a neighbour:
/// the address itself on the port on which it is on-link at the moment, or, where gateways count,
/// the gateway that the route names. Of several gateways each address takes one, the same as long
/// as the route does not change.
class NextHopMirror {
 public:
  NextHopMirror(NextHopTable& table, NeighbourMirror& neighbours, const RouteMirror& routes)
      : table_(table), neighbours_(neighbours), routes_(routes) {}

  NextHopId acquire(const IpAddress& address, Reach reach);
  void release(NextHopId id);
  /// Routes or ports changed: look again for every address.
  void resolve_all();

 private:
  using Key = std::pair<IpAddress, Reach>;
  struct Way {
    NextHopId id = kNoId;
    unsigned users = 0;
    std::optional<RouteMirror::Neighbour> neighbour;  // that it follows
  };
  void resolve(const Key& key, Way& way);

  NextHopTable& table_;
  NeighbourMirror& neighbours_;
  const RouteMirror& routes_;
  std::map<Key, Way> ways_;
  std::unordered_map<NextHopId, Key> keys_;
};

}  // namespace lbd
