// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <unordered_map>

#include "control/kernel/neighbour_mirror.h"
#include "control/kernel/route_mirror.h"

namespace lbd {

/// The addresses that somebody acquired (real servers). Each has a slot that follows the neighbour
/// of that address on the port on which it is on-link at the moment.
class NextHopMirror {
 public:
  NextHopMirror(NextHopTable& table, NeighbourMirror& neighbours, const RouteMirror& routes)
      : table_(table), neighbours_(neighbours), routes_(routes) {}

  NextHopId acquire(const IpAddress& address);
  void release(NextHopId id);
  /// Routes or ports changed: look again for every address.
  void resolve_all();

 private:
  struct Way {
    NextHopId id = kNoId;
    unsigned users = 0;
    std::optional<PortIndex> port;  // whose neighbour it follows
  };
  void resolve(const IpAddress& address, Way& way);

  NextHopTable& table_;
  NeighbourMirror& neighbours_;
  const RouteMirror& routes_;
  std::unordered_map<IpAddress, Way> ways_;
  std::unordered_map<NextHopId, IpAddress> addresses_;
};

}  // namespace lbd
