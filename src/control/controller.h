// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "control/api/events.h"
#include "control/busy_meter.h"
#include "control/command/runner.h"
#include "control/config/model.h"
#include "control/health/keeper.h"
#include "control/kernel_side.h"
#include "control/mailbox.h"
#include "control/purger.h"
#include "control/reset_probes.h"
#include "control/state_file.h"
#include "control/statistics.h"
#include "control/updater.h"
#include "control/vrrp/vrrp_side.h"
#include "dataplane/dataplane.h"

namespace lbd {

/// What a reload did, or would do.
struct ReloadReport {
  uint64_t generation = 0;
  std::vector<std::string> changes;
  /// Until the file was read, parsed and checked; from then until what it says was published.
  std::chrono::microseconds read{0};
  std::chrono::microseconds publish{0};
};

/// What runs on the control thread: timers, the desired state and who changes it. Nothing in it
/// waits: parsing and building happen on the builder thread, workers are asked by messages.
class Controller {
 public:
  Controller(boost::asio::io_context& io, std::string config_path, config::Config config,
             Dataplane& dataplane, KernelSide& kernel);
  /// The builder thread ends first; workers must have stopped.
  ~Controller();

  /// Publishes what the file says, then calls `ready`; from then on the timers work.
  void start(std::function<void(const Status&)> ready);

  /// Reads the file again (SIGHUP, lbctl reload). A bad one changes nothing. `done` runs when the
  /// new state is in force.
  void reload(bool dry_run, std::function<void(const Result<ReloadReport>&)> done);

  const config::Config& config() const { return *config_; }
  const DesiredState& state() const { return updater_.state(); }
  uint64_t generation() const { return dataplane_.publisher().current()->generation; }
  std::chrono::seconds uptime() const;

  Dataplane& dataplane() { return dataplane_; }
  KernelSide& kernel() { return kernel_; }
  Updater& updater() { return updater_; }
  Mailbox& mailbox() { return mailbox_; }
  const Statistics& statistics() const { return statistics_; }
  const BusyMeter& busy() const { return busy_; }
  boost::asio::io_context& io() { return io_; }
  HealthKeeper& health() { return health_; }
  api::EventHub& events() { return events_; }
  StateFile& state_file() { return state_file_; }
  VrrpSide& vrrp() { return *vrrp_; }
  /// Masters say priority 0 and give up their addresses. Workers must still run.
  void stop_vrrp();

 private:
  Updater::Hooks hooks();
  Status prepare(DesiredState& state);
  void published(const Snapshot& before);
  bool holds(const std::string& service) const;
  /// The overrides of the state file, on their way into the first state.
  std::map<OverrideKey, Override> found_overrides() const;
  void adopt(std::shared_ptr<const config::Config> config);
  void apply_to_kernel(const config::Vrrp* before);
  void tick();
  void slow_tick(Clock::time_point now);

  const std::string config_path_;
  /// Replaced on the control thread only while no change runs on the builder thread, which reads
  /// it.
  std::shared_ptr<const config::Config> config_;
  Dataplane& dataplane_;
  KernelSide& kernel_;
  const Clock::time_point started_ = Clock::now();
  Mailbox mailbox_;
  Statistics statistics_;
  BusyMeter busy_;
  CommandRunner commands_;  // of VRRP
  api::EventHub events_;
  StateFile state_file_;
  std::map<OverrideKey, Override> kept_overrides_;  // as the state file has them, or will soon
  boost::asio::io_context& io_;
  boost::asio::steady_timer timer_;
  Clock::time_point slow_tick_at_;
  Clock::time_point sample_at_;
  size_t services_in_kernel_ = 0;
  bool expiring_ = false;
  std::unique_ptr<VrrpSide> vrrp_;
  Purger purger_;
  ResetProbes reset_probes_;
  HealthKeeper health_;
  Updater updater_;  // last: its thread reads what stands above
};

}  // namespace lbd
