// SPDX-License-Identifier: Apache-2.0
#include "control/kernel_side.h"

#include <poll.h>
#include <rte_ring.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "control/kernel/address_plan.h"

namespace lbd {
namespace {

/// Neighbour requests taken at once: bounded, so that a scan of a whole network by strangers costs
/// the control thread no more than this per tick.
constexpr unsigned kRequestsAtOnce = 256;

/// The file as it is, and after it those services whose connections are still being let go.
config::Config with_draining(const config::Config& config, const DesiredState& state) {
  config::Config all = config;
  for (const auto& service : state.services) {
    if (!service || !service->removed) continue;
    config::Service draining;
    draining.name = service->name;
    draining.listen = service->listen;
    all.services.push_back(std::move(draining));
  }
  return all;
}

}  // namespace

KernelSide::KernelSide(boost::asio::io_context& io, Dataplane& dataplane)
    : dataplane_(dataplane), netlink_(io) {}

KernelSide::~KernelSide() {
  if (netlink_.is_open()) netlink_.release();  // the descriptor is the mirror's
}

Result<std::unique_ptr<KernelSide>> KernelSide::start(boost::asio::io_context& io,
                                                      Dataplane& dataplane) {
  std::unique_ptr<KernelSide> side(new KernelSide(io, dataplane));
  if (const Status made = side->make_taps(); !made) return made.error();
  if (const Status started = side->start_mirror(); !started) return started.error();
  return side;
}

Status KernelSide::make_taps() {
  std::vector<int> fds;
  PortTable& ports = dataplane_.ports();
  for (unsigned index = 0; index < ports.count; ++index) {
    PortInfo& port = ports[static_cast<PortIndex>(index)];
    port.link_up.store(read_link(port), std::memory_order_relaxed);
    auto tap = Tap::create({port.name, port.mac, port.mtu, port.link_up});
    if (!tap) return tap.error();
    taps_.push_back(std::move(tap).value());
    fds.push_back(taps_.back().fd());
    spdlog::info("port {}: {}, MAC {}, MTU {}, link {}, its twin in the kernel is {}", port.name,
                 port.device, port.mac.to_string(), port.mtu, port.link_up ? "up" : "down",
                 taps_.back().name());
  }
  auto thread = TapThread::start(dataplane_.exception_path(), fds);
  if (!thread) return thread.error();
  tap_thread_ = std::move(thread).value();
  return Done{};
}

Status KernelSide::start_mirror() {
  std::vector<int> ifindexes;
  for (const Tap& tap : taps_) ifindexes.push_back(tap.ifindex());
  mirror_ = std::make_unique<NetlinkMirror>(dataplane_.routing(), dataplane_.next_hops(),
                                            dataplane_.publisher());
  if (const Status started = mirror_->start(ifindexes); !started) return started;
  netlink_.assign(mirror_->fd());
  wait_readable();
  return Done{};
}

void KernelSide::wait_readable() {
  netlink_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                      [this](const boost::system::error_code& error) {
                        if (error) return;
                        mirror_->on_readable();
                        wait_readable();
                      });
}

std::vector<OwnAddress> KernelSide::own_addresses() const {
  std::vector<OwnAddress> out;
  const std::vector<LocalAddress> present = mirror_->local_addresses();
  for (size_t port = 0; port < configured_.size(); ++port) {
    for (const Prefix& prefix : configured_[port]) {
      const LocalAddress wanted{static_cast<PortIndex>(port), prefix};
      if (std::binary_search(present.begin(), present.end(), wanted))
        out.push_back({wanted.port, prefix.address});
    }
  }
  for (const LocalAddress& local : present) {
    const bool pool =
        local.port < pools_.size() && pools_[local.port].contains(local.prefix.address);
    out.push_back({local.port, local.prefix.address, pool});
  }
  return out;
}

void KernelSide::apply(const config::Config& config, const DesiredState& state,
                       const std::set<IpAddress>& vrrp) {
  configured_.clear();
  pools_.clear();
  std::vector<std::string> names;
  for (const config::Port& port : config.ports) {
    configured_.push_back(port.addresses);
    pools_.emplace_back(port.local_addresses.begin(), port.local_addresses.end());
    names.push_back(port.name);
  }
  const auto plan = plan_addresses(with_draining(config, state), vrrp);
  for (size_t port = 0; port < plan.size(); ++port) {
    const Status applied = mirror_->apply_addresses(static_cast<PortIndex>(port), plan[port]);
    if (!applied) spdlog::error("{}", applied.error().message);
  }
  const Status routed = mirror_->apply_routes(config.routes, names);
  if (!routed) spdlog::error("{}", routed.error().message);
}

void KernelSide::flush(std::chrono::milliseconds limit) const {
  const auto end = Clock::now() + limit;
  const auto waiting = [this] {
    for (const Tap& tap : taps_) {
      pollfd readable{tap.fd(), POLLIN, 0};
      if (::poll(&readable, 1, 0) > 0) return true;
    }
    for (const ExceptionRings& rings : dataplane_.exception_path().workers)
      if (rte_ring_count(rings.from_tap) != 0) return true;
    return false;
  };
  // Empty several times in a row: the tap thread or a worker may just have a frame in its hands.
  for (unsigned empty = 0; empty < 5 && Clock::now() < end;) {
    empty = waiting() ? 0 : empty + 1;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

Status KernelSide::fill_next_hops(DesiredState& state) {
  std::vector<NextHopId> acquired;
  bool full = false;
  lbd::fill_next_hops(state, [&](const RealServer& server) {
    const Reach reach = server.forwarding == Forwarding::kTun ? Reach::kRouted : Reach::kOnLink;
    const NextHopId id = full ? kNoId : mirror_->acquire_next_hop(server.key.address, reach);
    if (id == kNoId)
      full = true;
    else
      acquired.push_back(id);
    return id;
  });
  if (!full) return Done{};
  for (const NextHopId id : acquired) mirror_->release_next_hop(id);
  return Error{"services: more than " + std::to_string(NextHopTable::kCapacity) +
               " addresses of real servers and neighbours; name fewer real servers"};
}

void KernelSide::poll_requests() {
  NeighbourRequest request;
  for (unsigned n = 0; n < kRequestsAtOnce && dataplane_.next_neighbour_request(request); ++n)
    mirror_->request_neighbour(request);
}

void KernelSide::tick() {
  PortTable& ports = dataplane_.ports();
  for (unsigned index = 0; index < ports.count; ++index) {
    PortInfo& port = ports[static_cast<PortIndex>(index)];
    const bool up = read_link(port);
    if (up == port.link_up.load(std::memory_order_relaxed)) continue;
    port.link_up.store(up, std::memory_order_relaxed);
    spdlog::warn("port {}: link {}", port.name, up ? "up" : "down");
    if (const Status mirrored = taps_[index].set_carrier(up); !mirrored)
      spdlog::error("{}", mirrored.error().message);
  }
  mirror_->tick();
}

}  // namespace lbd
