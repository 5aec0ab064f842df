// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "control/api/events.h"
#include "control/config/model.h"
#include "control/health/monitor.h"
#include "control/health/notifier.h"
#include "control/state_file.h"
#include "control/updater.h"

namespace lbd {

/// Keeps real servers' states as their checks say: from the file's checks to jobs of the monitor,
/// from verdicts to changes of the desired state, with what shall be told of it.
///
/// Theory. A server is up if none of its checks is down and all have decided; until they have, it
/// stays as it was. Verdicts are collected: what changes within kCoalesce of a publication goes out
/// with the next one, so a thousand servers that fail at once cost one publication. Logs, events
/// and notify commands do not wait for it. Slow start is a percentage that this raises in steps.
/// Control thread.
class HealthKeeper {
 public:
  static constexpr std::chrono::milliseconds kCoalesce{10};
  /// After a publication that failed.
  static constexpr std::chrono::seconds kRetry{1};
  /// The steps in which slow start raises weights.
  static constexpr std::chrono::milliseconds kRampStep{250};

  struct Parts {
    boost::asio::io_context& io;
    Updater& updater;
    api::EventHub& events;
    StateFile& state_file;
    /// Whether this director holds a service's addresses.
    std::function<bool(const std::string& service)> holds;
  };
  /// One real server that the file names.
  struct Server {
    OverrideKey key;
    ServerId id = kNoId;
    std::vector<std::string> jobs;  // keys of the monitor's
    ServerHealth health;            // as it shall be
    Clock::time_point ramp_begun;
    Clock::time_point since;  // of up or down
    std::string reason;       // why it is up or down
    std::string down_by;      // the job that has it down
    bool unanswered = false;  // told that a check cannot be made
    uint64_t changes = 0;
  };
  struct Counts {
    uint64_t server_up = 0, server_down = 0;
    uint64_t quorum_gained = 0, quorum_lost = 0;
    uint64_t publications = 0;
  };

  explicit HealthKeeper(Parts parts);

  /// What the state file remembers, for the first state.
  std::shared_ptr<const HealthMemory> memory() const { return memory_; }
  /// This file is in force, and so is the state that it made.
  void adopt(std::shared_ptr<const config::Config> config);
  /// After each publication.
  void published();

  const health::Monitor& monitor() const { return monitor_; }
  const Counts& counts() const { return counts_; }
  /// In the file's order.
  const std::vector<std::unique_ptr<Server>>& servers() const { return servers_; }
  /// Null where the file does not name it.
  const Server* find(const OverrideKey& key) const;
  /// The targets of one server's checks; empty where it has none.
  std::vector<health::Target> targets_of(const OverrideKey& key) const;
  /// Of exec checks.
  CommandRunner& commands() { return programs_; }

 private:
  void on_result(const health::Job& job, bool changed);
  void refresh_reason(const health::Job& job, Server& server);
  health::Monitor::Initial remembered(const std::string& job) const;
  void tell_check(const health::Job& job, const Server& server);
  void evaluate(Server& server, const health::Job& job);
  void turn(Server& server, bool up, const std::string& reason);
  const config::Service& service_of(const Server& server) const;

  void learn();
  void mark(Server& server);
  void publish_soon();
  void publish();
  void try_again(const std::vector<HealthUpdate>& updates);
  void ramp();
  Clock::time_point ramp_begun(const OverrideKey& key) const;
  void arm_ramp();
  void watch_quorum(const VirtualService& service);
  StateFile::Json remember() const;

  Parts parts_;
  /// Two of them, and VRRP has a third: neither may wait for the others' programs.
  CommandRunner programs_;
  CommandRunner notices_;
  health::Monitor monitor_;
  health::Notifier notifier_;
  std::shared_ptr<const HealthMemory> memory_;  // of the run before; until the first adopt()
  std::shared_ptr<const config::Config> config_;
  std::vector<std::unique_ptr<Server>> servers_;
  std::map<OverrideKey, Server*> by_key_;
  std::unordered_map<std::string, std::vector<Server*>> by_job_;
  std::unordered_map<std::string, const config::Service*> services_;
  std::unordered_map<std::string, bool> quorum_;  // by service, as it was told last
  std::unordered_set<Server*> dirty_;
  boost::asio::steady_timer publish_timer_;
  boost::asio::steady_timer ramp_timer_;
  Clock::time_point published_at_;
  bool publishing_ = false;  // a change is under way, or its timer
  bool ramping_ = false;
  Counts counts_;
};

}  // namespace lbd
