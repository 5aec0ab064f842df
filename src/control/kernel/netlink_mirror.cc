// SPDX-License-Identifier: Apache-2.0
#include "control/kernel/netlink_mirror.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "common/log.h"
#include "control/kernel/address_mirror.h"
#include "control/kernel/address_writer.h"
#include "control/kernel/neighbour_mirror.h"
#include "control/kernel/netlink_message.h"
#include "control/kernel/netlink_socket.h"
#include "control/kernel/next_hop_mirror.h"
#include "control/kernel/route_mirror.h"
#include "control/kernel/route_writer.h"
#include "control/kernel/tap_links.h"

namespace lbd {
namespace {

constexpr int kEventBuffer = 8 << 20;
constexpr int kDatagramsPerTurn = 64;
constexpr int kDumpAttempts = 5;
/// A dump may take this share of the thread's time: 1/10.
constexpr int kDumpShare = 10;
constexpr std::chrono::seconds kRetryEvery{1};

}  // namespace

struct NetlinkMirror::State {
  State(Routing& routing, NextHopTable& next_hops, Publisher& publisher)
      : neighbours(routing, next_hops, publisher, links),
        routes(routing, publisher, neighbours, links),
        next_hop_mirror(next_hops, neighbours, routes),
        addresses(links) {}

  Status open();
  Status dump_all();
  Status dump_routes();
  int dump(int type);
  int dump_links();
  void handle(const nlmsghdr* message);
  void apply(const netlink::Event& event);
  void apply_link(const netlink::Link& link);
  void recover();
  void settle(Clock::time_point now);
  Status put_routes();
  void put_again(Clock::time_point now);

  TapLinks links;
  NeighbourMirror neighbours;
  RouteMirror routes;
  NextHopMirror next_hop_mirror;
  AddressMirror addresses;
  AddressWriter address_writer;
  RouteWriter route_writer;
  std::optional<netlink::EventSocket> events;
  std::optional<netlink::RequestSocket> requests;
  std::function<void()> addresses_changed;

  Clock::time_point next_dump{};
  bool lost = false;  // events were lost: everything is to be dumped
  std::vector<config::Route> wanted_routes;
  std::vector<std::string> port_names;
  bool put_needed = false;  // what we put into the kernel may be missing there
  Clock::time_point next_put{};
  std::string last_problem;
};

Status NetlinkMirror::State::open() {
  auto event_socket = netlink::EventSocket::open(
      {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
       RTNLGRP_IPV6_ROUTE, RTNLGRP_NEIGH, RTNLGRP_NEXTHOP},
      kEventBuffer);
  if (!event_socket) return event_socket.error();
  auto request_socket = netlink::RequestSocket::open();
  if (!request_socket) return request_socket.error();
  events.emplace(std::move(event_socket.value()));
  requests.emplace(std::move(request_socket.value()));
  neighbours.use(&*requests);
  return Done{};
}

int NetlinkMirror::State::dump(int type) {
  return requests->dump(type, AF_UNSPEC, [this](const nlmsghdr* message) { handle(message); });
}

int NetlinkMirror::State::dump_links() {
  // A link's change may ask the kernel for gateways: not while its answer to this dump is read.
  std::vector<netlink::Link> found;
  const int error = requests->dump(RTM_GETLINK, AF_UNSPEC, [&found](const nlmsghdr* message) {
    const auto event = netlink::parse(message);
    if (event && std::holds_alternative<netlink::Link>(*event)) {
      found.push_back(std::get<netlink::Link>(*event));
    }
  });
  for (const netlink::Link& link : found) apply_link(link);
  return error;
}

Status NetlinkMirror::State::dump_routes() {
  const auto start = Clock::now();
  int error = EINTR;
  for (int i = 0; i < kDumpAttempts && error == EINTR; ++i) {
    routes.begin_dump();
    error = dump(RTM_GETROUTE);
  }
  const auto now = Clock::now();
  next_dump = now + (now - start) * kDumpShare;
  // What there is of a dump that was cut short by changes is good enough: events tell the rest.
  if (error != 0 && error != EINTR) {
    routes.abandon_dump();
    return Error{std::string("netlink: cannot read the routes: ") + std::strerror(error)};
  }
  routes.end_dump();
  if (error == EINTR) routes.ask_for_dump();
  return Done{};
}

Status NetlinkMirror::State::dump_all() {
  lost = false;
  events->drain();
  const auto failed = [](const char* what, int error) {
    return Error{std::string("netlink: cannot read the ") + what + ": " + std::strerror(error)};
  };
  const auto fine = [](int error) { return error == 0 || error == EINTR; };
  if (const int error = dump_links(); !fine(error)) return failed("links", error);
  addresses.begin_dump();
  const int address_error = dump(RTM_GETADDR);
  addresses.end_dump();
  if (!fine(address_error)) return failed("addresses", address_error);
  neighbours.begin_dump();
  const int neighbour_error = dump(RTM_GETNEIGH);
  if (!fine(neighbour_error)) return failed("neighbours", neighbour_error);
  neighbours.end_dump();
  lost = address_error == EINTR || neighbour_error == EINTR;
  return dump_routes();
}

void NetlinkMirror::State::handle(const nlmsghdr* message) {
  if (const auto event = netlink::parse(message)) apply(*event);
}

void NetlinkMirror::State::apply(const netlink::Event& event) {
  if (const auto* link = std::get_if<netlink::Link>(&event)) {
    apply_link(*link);
  } else if (const auto* address = std::get_if<netlink::Address>(&event)) {
    addresses.apply(*address);
    // The kernel drops IPv4 routes that need the address without saying so.
    if (address->removed && links.port(address->ifindex)) routes.ask_for_dump();
  } else if (const auto* route = std::get_if<netlink::Route>(&event)) {
    routes.apply(*route);
  } else if (const auto* neighbour = std::get_if<netlink::Neighbour>(&event)) {
    neighbours.apply(*neighbour);
  } else {
    routes.ask_for_dump();
  }
}

void NetlinkMirror::State::apply_link(const netlink::Link& link) {
  const auto port = links.port(link.ifindex);
  if (!port || !links.set_up(*port, link.up)) return;
  routes.links_changed();
  routes.ask_for_dump();
  put_needed |= link.up;
  if (link.up) neighbours.ask_again(*port);
}

void NetlinkMirror::State::settle(Clock::time_point now) {
  if (lost && now >= next_dump) recover();
  if (routes.need_dump() && now >= next_dump) {
    if (const Status done = dump_routes(); !done) spdlog::error("{}", done.error().message);
  }
  if (routes.take_changed()) next_hop_mirror.resolve_all();
  neighbours.publish(now);
  if (addresses.take_changed() && addresses_changed) addresses_changed();
}

void NetlinkMirror::State::recover() {
  if (const Status done = dump_all(); !done) {
    spdlog::error("{}; asking again", done.error().message);
    lost = true;
    next_dump = Clock::now() + kRetryEvery;
  }
}

Status NetlinkMirror::State::put_routes() {
  return route_writer.apply(*requests, links, wanted_routes, port_names);
}

void NetlinkMirror::State::put_again(Clock::time_point now) {
  if (!put_needed || now < next_put) return;
  next_put = now + kRetryEvery;
  std::string problem;
  for (size_t i = 0; i < links.count(); ++i) {
    const auto port = static_cast<PortIndex>(i);
    const Status done = address_writer.apply_again(*requests, port, links.ifindex(port));
    if (!done) problem += (problem.empty() ? "" : "; ") + done.error().message;
  }
  if (const Status done = put_routes(); !done) {
    problem += (problem.empty() ? "" : "; ") + done.error().message;
  }
  put_needed = !problem.empty();
  if (problem == last_problem) return;  // said once
  if (!problem.empty()) spdlog::warn("{}; trying again every second", problem);
  last_problem = problem;
}

NetlinkMirror::NetlinkMirror(Routing& routing, NextHopTable& next_hops, Publisher& publisher)
    : state_(std::make_unique<State>(routing, next_hops, publisher)) {}

NetlinkMirror::~NetlinkMirror() {
  if (!state_->requests) return;
  for (size_t i = 0; i < state_->links.count(); ++i) {
    const auto port = static_cast<PortIndex>(i);
    (void)state_->address_writer.apply(*state_->requests, port, state_->links.ifindex(port), {});
  }
  (void)state_->route_writer.apply(*state_->requests, state_->links, {}, {});
}

Status NetlinkMirror::start(const std::vector<int>& ifindexes) {
  state_->links.set(ifindexes);
  if (Status done = state_->open(); !done) return done;
  if (Status done = state_->dump_all(); !done) return done;
  state_->put_needed = false;
  state_->settle(Clock::now());
  return Done{};
}

int NetlinkMirror::fd() const {
  return state_->events ? state_->events->fd() : -1;
}

void NetlinkMirror::on_readable() {
  if (!state_->events) return;
  const auto handler = [this](const nlmsghdr* message) { state_->handle(message); };
  for (int i = 0; i < kDatagramsPerTurn; ++i) {
    const auto outcome = state_->events->receive(handler);
    if (outcome == netlink::EventSocket::Outcome::kEmpty) break;
    if (outcome == netlink::EventSocket::Outcome::kLost && !state_->lost) {
      spdlog::warn("netlink: events were lost; reading everything again");
      state_->lost = true;
    }
  }
  state_->settle(Clock::now());
}

void NetlinkMirror::tick(Clock::time_point now) {
  if (!state_->events) return;
  state_->put_again(now);
  state_->neighbours.tick(now);
  state_->settle(now);
}

NextHopId NetlinkMirror::acquire_next_hop(const IpAddress& address, Reach reach) {
  return state_->next_hop_mirror.acquire(address, reach);
}

void NetlinkMirror::release_next_hop(NextHopId id) {
  state_->next_hop_mirror.release(id);
}

void NetlinkMirror::request_neighbour(const NeighbourRequest& request) {
  if (request.port >= state_->links.count()) return;
  state_->neighbours.request(request.port, request.address);
  state_->neighbours.publish(Clock::now());
}

Status NetlinkMirror::apply_routes(const std::vector<config::Route>& wanted,
                                   const std::vector<std::string>& port_names) {
  state_->wanted_routes = wanted;
  state_->port_names = port_names;
  if (!state_->requests) return Error{"netlink: not started"};
  Status done = state_->put_routes();
  state_->put_needed |= !done.ok();
  return done;
}

Status NetlinkMirror::apply_addresses(PortIndex port, const std::vector<PlannedAddress>& wanted) {
  if (!state_->requests || port >= state_->links.count()) return Error{"netlink: not started"};
  Status done =
      state_->address_writer.apply(*state_->requests, port, state_->links.ifindex(port), wanted);
  state_->put_needed |= !done.ok();
  return done;
}

std::vector<NeighbourRow> NetlinkMirror::neighbours() const {
  return state_->neighbours.rows();
}
std::vector<RouteRow> NetlinkMirror::routes() const {
  return state_->routes.rows();
}
std::vector<LocalAddress> NetlinkMirror::local_addresses() const {
  return state_->addresses.rows();
}

void NetlinkMirror::on_addresses_changed(std::function<void()> changed) {
  state_->addresses_changed = std::move(changed);
}

}  // namespace lbd
