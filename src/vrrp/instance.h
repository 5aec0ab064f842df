// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "vrrp/announcements.h"
#include "vrrp/config.h"
#include "vrrp/error_kind.h"
#include "vrrp/packet.h"
#include "vrrp/state_machine.h"
#include "vrrp/timers.h"
#include "vrrp/tracking.h"

namespace lbd::vrrp {

class Instance;

/// What an instance does to the world. The thread does it for real, tests write it down.
class Output {
 public:
  virtual ~Output() = default;
  /// To the group or to each peer. False where the network did not take it.
  virtual bool send(const Instance& instance, uint8_t priority) = 0;
  /// The fast path first, then the kernel: addresses and routes.
  virtual void take(const Instance& instance) = 0;
  virtual void drop(const Instance& instance) = 0;
  /// One gratuitous ARP or unsolicited neighbour advertisement.
  virtual void announce(const Instance& instance, const VirtualAddress& address) = 0;
  virtual void changed(const Instance& instance, State before, const std::string& reason) = 0;
  /// A line for the log.
  virtual void note(const Instance& instance, const std::string& text) = 0;
};

struct InstanceCounters {
  uint64_t sent = 0;
  uint64_t send_failed = 0;
  uint64_t received = 0;  // and believed
  uint64_t stops_sent = 0;
  uint64_t stops_received = 0;
  uint64_t became_master = 0;
  uint64_t left_master = 0;
  uint64_t two_masters = 0;  // advertisements of another master while MASTER
  std::array<uint64_t, kErrorKinds> errors{};
};

/// One virtual router: its state, timers and counters. It reads no clock and touches no socket:
/// time comes as an argument, what it does goes to Output.
class Instance {
 public:
  Instance(InstanceConfig config, Output& output);

  /// A member of a sync group does not become MASTER by itself: it wants to, and the Router calls
  /// take_over() when all members do.
  void set_grouped(bool grouped) { grouped_ = grouped; }
  void start(Time now);
  void stop(Time now, const std::string& reason);
  /// The same virtual router with other parameters: addresses and routes are changed by difference,
  /// state, counters and timers stay.
  /// `known`: what is tracked, by name, is up or not.
  void reconfigure(InstanceConfig config, const std::map<std::string, bool>& known, Time now);

  /// A believed advertisement.
  void receive(const Advertisement& advertisement, const IpAddress& from, Time now);
  /// One that was not.
  void refuse(ErrorKind kind, const IpAddress& from, Time now);
  /// Does what is due.
  void fire(Time now);
  Time deadline() const;
  /// The kernel has the addresses.
  void addresses_ready(Time now);

  /// Something tracked has changed; nothing happens where this instance does not track it.
  void track(std::string_view name, bool up, Time now);
  void set_outer_fault(std::string_view source, const std::string& reason, Time now);
  void take_over(Time now, const std::string& reason);
  /// Hands over, and takes over again by the rules (a sync group whose members must move together).
  void yield(Time now, const std::string& reason);
  /// An operator's wish: hands over and stays BACKUP as long as another master is heard.
  void step_down(Time now, const std::string& reason);

  const InstanceConfig& config() const { return config_; }
  State state() const { return state_; }
  Time since() const { return since_; }
  const std::string& reason() const { return reason_; }
  bool wants_master() const { return wants_master_; }
  const Tracking& tracking() const { return tracking_; }
  uint8_t priority() const { return tracking_.priority(); }
  Time master_interval() const { return master_interval_; }
  /// Who is master, as far as it is known at `now`: ourselves, or the one that was heard last;
  /// unspecified where none speaks.
  IpAddress master(Time now) const;
  const InstanceCounters& counters() const { return counters_; }
  const Lateness& lateness() const { return lateness_; }

 private:
  void handle(Event event, Time now, const std::string& reason);
  void act(uint16_t actions, Time now);
  void arm(uint16_t actions, Time now);
  Event classify(const Advertisement& advertisement, const IpAddress& from, Time now);
  bool preempts(Time now);
  void priority_changed(Time now);
  void send(uint8_t priority);
  void rival_seen(const Advertisement& advertisement, const IpAddress& from, Time now);
  Time own_interval() const { return centiseconds(config_.protocol.interval_cs); }
  void hear_master(const Advertisement& advertisement, const IpAddress& from, Time now);
  Time down_interval() const;
  Time skew() const;

  InstanceConfig config_;
  Output& output_;
  Tracking tracking_;
  State state_ = State::kInitialize;
  Time since_{0};
  std::string reason_ = "not started";
  bool grouped_ = false;
  bool wants_master_ = false;
  bool tolerant_ = false;  // after a step-down
  Time master_interval_;
  IpAddress heard_master_;
  Time heard_at_{0};
  uint32_t heard_interval_cs_ = 0;

  Time advertise_at_ = kNever;
  Time master_down_at_ = kNever;
  Time armed_at_{0};          // when master_down_at_ was reckoned from
  bool skew_only_ = false;    // master_down_at_ is armed_at_ + skew
  Time preempt_at_ = kNever;  // preempt_delay is over
  Time asserted_at_{0};
  Time announced_at_{0};
  Time rival_until_ = kNever;  // kNever: no other master is about
  Time quiet_until_{0};        // errors are not logged before
  Announcements announcements_;

  InstanceCounters counters_;
  Lateness lateness_;
};

}  // namespace lbd::vrrp
