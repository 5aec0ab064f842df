// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>

#include "control/vrrp/plan.h"
#include "dataplane/dataplane.h"
#include "vrrp/thread.h"

namespace lbd {

/// The control side of VRRP: gives the thread its plan, logs what it says. Control thread. Without
/// an instance in the file there is no thread.
class VrrpSide {
 public:
  VrrpSide(boost::asio::io_context& io, Dataplane& dataplane);
  /// Masters say priority 0 first.
  ~VrrpSide();

  /// Makes the thread run what `config` says. `done` runs when the kernel has nothing any more of
  /// what no instance owns now.
  void apply(std::shared_ptr<const config::Config> config,
             std::shared_ptr<const VirtualAddresses> slots, std::function<void()> done);
  /// False where there is no thread: nothing was done.
  bool submit(std::unique_ptr<vrrp::Command> command);

 private:
  Status start_thread();
  void wait_readable();
  void happened(const vrrp::Happening& happening);
  void send_plan(std::function<void()> done);
  void try_again_later();

  boost::asio::io_context& io_;
  Dataplane& dataplane_;
  boost::asio::posix::stream_descriptor events_;
  boost::asio::steady_timer retry_;
  std::shared_ptr<const config::Config> config_;
  std::shared_ptr<const VirtualAddresses> slots_;
  VrrpLinks links_;
  std::vector<std::string> problems_;
  std::unique_ptr<vrrp::Thread> thread_;
};

}  // namespace lbd
