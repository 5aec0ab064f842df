// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "vrrp/instance.h"
#include "vrrp/link.h"

// What the VRRP thread and the control side say to each other. Neither ever waits for the other.
namespace lbd::vrrp {

/// An instance as it is now.
struct InstanceReport {
  std::string name;
  std::string interface;
  Protocol protocol;
  std::vector<Prefix> addresses;
  std::optional<MacAddress> virtual_mac;
  State state = State::kInitialize;
  Time since{0};
  std::string reason;
  uint8_t configured_priority = 0;
  uint8_t priority = 0;
  std::string priority_reason;
  IpAddress master;
  Time master_interval{0};
  InstanceCounters counters;
  Lateness lateness;
};

struct GroupReport {
  std::string name;
  State state = State::kInitialize;
  std::vector<std::string> instances;
};

/// From control to the thread and back, with what came of it.
struct Command {
  enum class Kind : uint8_t { kApply, kTrack, kStepDown, kMaintenance, kReport };

  Kind kind = Kind::kReport;
  // kApply. All links that the plan needs; afterwards those that are needed no more.
  Plan plan = {};
  std::vector<std::shared_ptr<Link>> links = {};
  std::string name = {};  // kTrack: what is tracked; kStepDown: the instance
  bool on = false;        // kTrack: up; kMaintenance
  // Answers.
  std::vector<InstanceReport> instances = {};
  std::vector<GroupReport> groups = {};
  bool maintenance = false;
  uint64_t unknown_vrid = 0;
  bool real_time = false;
  std::string error = {};
  /// Runs on the control thread: for kApply when the kernel has let go of what is not ours any
  /// more.
  std::function<void(Command&)> done = {};
};

/// What happened, for the log, the API and notify commands. In order.
struct Happening {
  enum class Kind : uint8_t { kState, kGroup, kNote, kTrouble };

  Kind kind = Kind::kNote;
  std::string name;  // of the instance or group; empty: of none
  State before = State::kInitialize;
  State state = State::kInitialize;
  uint8_t priority = 0;
  std::string text;  // the reason, or the line itself
};

}  // namespace lbd::vrrp
