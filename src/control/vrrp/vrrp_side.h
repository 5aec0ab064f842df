// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>

#include "control/api/events.h"
#include "control/state_file.h"
#include "control/vrrp/command_queue.h"
#include "control/vrrp/notifier.h"
#include "control/vrrp/plan.h"
#include "control/vrrp/process_tracker.h"
#include "control/vrrp/script_tracker.h"
#include "control/vrrp/target_tracker.h"
#include "dataplane/dataplane.h"
#include "vrrp/thread.h"

namespace lbd {

/// The control side of VRRP: gives the thread its plan, logs what it says. Control thread. Without
/// an instance in the file there is no thread.
class VrrpSide {
 public:
  struct Parts {
    Dataplane& dataplane;
    CommandRunner& commands;
    api::EventHub& events;
    StateFile& state_file;
  };
  VrrpSide(boost::asio::io_context& io, Parts parts);
  /// Masters say priority 0 first.
  ~VrrpSide();

  /// Makes the thread run what `config` says. `done` runs when the kernel has nothing any more of
  /// what no instance owns now.
  void apply(std::shared_ptr<const config::Config> config,
             std::shared_ptr<const VirtualAddresses> slots, std::function<void()> done);
  /// False where there is no thread: nothing was done.
  bool submit(std::unique_ptr<vrrp::Command> command);
  /// Held over a restart where there is a state file.
  void set_maintenance(bool on, std::function<void()> done);
  /// Which services have a server that takes connections: instances may track it.
  void services_changed(const Snapshot& now);
  /// Masters say priority 0; notify commands of the stop are begun. Nothing else works after it.
  void stop();
  /// Commands that run or wait.
  size_t pending_commands() const { return queue_.pending(); }

 private:
  Status start_thread();
  void wait_readable();
  void happened(const vrrp::Happening& happening);
  void send_plan(std::function<void()> done);
  void try_again_later();
  void publish(const vrrp::Happening& happening);
  void notify(const vrrp::Happening& happening);
  void track(const std::string& name, bool up);
  void configure_trackers(const config::Vrrp& vrrp);
  void track_services(const Snapshot& now, bool all);

  boost::asio::io_context& io_;
  Parts parts_;
  boost::asio::posix::stream_descriptor events_;
  boost::asio::steady_timer retry_;
  std::shared_ptr<const config::Config> config_;
  std::shared_ptr<const config::Config> leaving_;  // names what a reload takes away
  std::shared_ptr<const VirtualAddresses> slots_;
  VrrpLinks links_;
  Macvlans macvlans_;
  std::vector<std::string> problems_;
  bool maintenance_ = false;
  std::map<std::string, bool> services_;  // tracked ones: have a server
  CommandQueue queue_;
  Notifier notifier_{queue_};
  std::unique_ptr<vrrp::Thread> thread_;
  ScriptTracker scripts_;
  ProcessTracker processes_;
  TargetTracker targets_;
};

}  // namespace lbd
