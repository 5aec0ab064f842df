// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "control/config/model.h"
#include "control/desired_state.h"
#include "control/kernel/netlink_mirror.h"
#include "control/kernel/tap.h"
#include "control/kernel/tap_thread.h"
#include "control/snapshot_builder.h"
#include "dataplane/dataplane.h"

namespace lbd {

/// The kernel's half of the director: a TAP for each port, the thread that feeds them, and the
/// mirror of what the kernel knows. Control thread.
class KernelSide {
 public:
  /// Makes the TAPs, with nothing on them yet.
  static Result<std::unique_ptr<KernelSide>> start(boost::asio::io_context& io,
                                                   Dataplane& dataplane);
  ~KernelSide();
  KernelSide(const KernelSide&) = delete;
  KernelSide& operator=(const KernelSide&) = delete;

  NetlinkMirror& mirror() { return *mirror_; }
  const TapThread& tap_thread() const { return *tap_thread_; }

  /// `changed`: addresses on our TAPs came or went.
  void on_addresses_changed(std::function<void()> changed) {
    mirror_->on_addresses_changed(std::move(changed));
  }
  /// Addresses on our TAPs, the file's first, in its order.
  std::vector<OwnAddress> own_addresses() const;

  /// Puts the file's addresses and routes into the kernel, and the addresses of services in `state`
  /// that are removed and still drain: their clients must go on finding them. What cannot be done
  /// is logged and tried again later.
  /// Addresses in `vrrp` are left to the instances that own them.
  void apply(const config::Config& config, const DesiredState& state,
             const std::set<IpAddress>& vrrp);
  /// Waits until what the kernel had for the ports has been handed to their devices, at most
  /// `limit`. To be called while workers still run.
  void flush(std::chrono::milliseconds limit) const;

  /// Acquires a next hop for each server that has none. On an error none was acquired.
  Status fill_next_hops(DesiredState& state);

  /// Every few ms: what workers ask for.
  void poll_requests();
  /// Every 100 ms: links, and what the mirror has to do in time.
  void tick();

 private:
  KernelSide(boost::asio::io_context& io, Dataplane& dataplane);
  Status make_taps();
  Status start_mirror();
  void wait_readable();

  Dataplane& dataplane_;
  std::vector<Tap> taps_;
  std::unique_ptr<TapThread> tap_thread_;
  std::unique_ptr<NetlinkMirror> mirror_;
  boost::asio::posix::stream_descriptor netlink_;
  /// By PortIndex, the file's.
  std::vector<std::vector<Prefix>> configured_;
  std::vector<std::unordered_set<IpAddress>> pools_;
};

}  // namespace lbd
