// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/address.h"
#include "common/result.h"
#include "control/config/model.h"
#include "control/kernel/address_plan.h"
#include "dataplane/ids.h"
#include "dataplane/messages.h"
#include "dataplane/next_hop.h"
#include "dataplane/publish.h"
#include "dataplane/routing.h"

// The kernel's view of our TAPs, kept as the fast path's own tables.
//
// The mirror subscribes to links, addresses, routes and neighbours, dumps them once, and follows
// the events. Where events were lost (ENOBUFS), or the kernel changes routes without an event (it
// does so for IPv4 when an interface goes down or an address goes), it dumps again.
//
// Ids: every neighbour (port, address) and every address that somebody acquired has a slot of
// NextHopTable. A neighbour event is one store there for each slot that goes to this neighbour, so
// a new MAC takes effect at once. Slots of neighbours that are gone rest for a grace period and
// longer than any worker holds a packet before somebody else gets them.
//
// Everything is called from the control thread. No call waits: the kernel answers rtnetlink
// requests before the system call returns.
namespace lbd {

/// Routes that lbd itself puts into the kernel carry this rtm_protocol.
inline constexpr uint8_t kRouteProtocol = 201;

/// Which ways to an address count.
enum class Reach : uint8_t {
  kOnLink,  // its own MAC address only
  kRouted,  // through a gateway too
};

struct NeighbourRow {
  IpAddress address;
  PortIndex port = 0;
  MacAddress mac;  // zero where not known
  const char* kernel_state =
      "none";  // as `ip neigh` says it, in lower case: reachable, stale, failed ...
  NextHopState state = NextHopState::kUnused;
  bool managed = false;  // kept fresh because a server or a route needs it
};

struct RouteRow {
  struct Hop {
    PortIndex port = 0;
    std::optional<IpAddress> gateway;  // none: on-link
  };
  Prefix prefix;
  std::vector<Hop> hops;  // empty: blackhole, unreachable or prohibit
  uint32_t metric = 0;
  uint8_t protocol = 0;       // rtm_protocol
  std::string protocol_name;  // "kernel", "static", "bgp", "lbd" ...; else the number
};

struct LocalAddress {
  PortIndex port = 0;
  Prefix prefix;
  auto operator<=>(const LocalAddress&) const = default;
};

class NetlinkMirror {
 public:
  using Clock = std::chrono::steady_clock;

  NetlinkMirror(Routing& routing, NextHopTable& next_hops, Publisher& publisher);
  /// Takes away the routes and addresses that it applied. No worker may run any more.
  ~NetlinkMirror();
  NetlinkMirror(const NetlinkMirror&) = delete;
  NetlinkMirror& operator=(const NetlinkMirror&) = delete;

  /// Opens the sockets and reads everything once. `ifindexes`: the TAPs', by PortIndex.
  Status start(const std::vector<int>& ifindexes);
  /// To be waited on for reading; then on_readable().
  int fd() const;
  /// Applies what has come, a bounded number of messages; what is left keeps fd() readable.
  void on_readable();
  /// Every 100 ms or so: asks again for neighbours, publishes what was put off, gives slots back.
  void tick(Clock::time_point now = Clock::now());

  /// The way to this address (real server): a slot that follows routes, neighbour and ports. The
  /// state is kNoRoute while there is no such way. Counted: a second acquire of an address and
  /// reach yields the same id. kNoId: all slots are taken.
  NextHopId acquire_next_hop(const IpAddress& address, Reach reach = Reach::kOnLink);
  /// Undoes one acquire. The last one only once no worker can remember the id (its connections are
  /// purged): the slot may be given to another address after it.
  void release_next_hop(NextHopId id);
  /// A worker wants to send a packet of its own to an on-link client. At most kMaxRequested such
  /// neighbours are asked for at once; the oldest unanswered one gives way.
  void request_neighbour(const NeighbourRequest& request);
  static constexpr size_t kMaxRequested = 1024;

  /// Makes the kernel's routes of protocol kRouteProtocol equal to `wanted`; others are left alone.
  /// Config ports are named by PortIndex order in `port_names`. All that can be done is done; the
  /// error names what could not, and tick() tries that again.
  Status apply_routes(const std::vector<config::Route>& wanted,
                      const std::vector<std::string>& port_names);
  /// Makes the addresses that lbd put on the port's TAP equal to `wanted`; addresses that others
  /// (an operator, a VRRP daemon) put there are left alone.
  Status apply_addresses(PortIndex port, const std::vector<PlannedAddress>& wanted);

  /// For lbctl.
  std::vector<NeighbourRow> neighbours() const;
  std::vector<RouteRow> routes() const;
  /// All addresses on our TAPs, whoever put them there, link-local ones too; sorted.
  std::vector<LocalAddress> local_addresses() const;
  /// `changed` is called from on_readable(), tick() or start() after local_addresses() changed.
  void on_addresses_changed(std::function<void()> changed);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lbd
