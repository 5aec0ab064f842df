// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "vrrp/instance.h"

namespace lbd::vrrp {

/// All instances of this director and their sync groups. As pure as Instance.
///
/// A group moves as one. MASTER: only when every member wants to be (its master is silent), and
/// then all at once. BACKUP: a member that had to leave takes the others along, which say priority
/// 0. FAULT: a member's is everybody's.
class Router {
 public:
  Router(Output& output, std::function<void(const GroupConfig&, State)> group_changed)
      : output_(output), group_changed_(std::move(group_changed)) {}

  /// The first plan, or another: what is the same router (vrid, family, interface) goes on, what is
  /// new starts, what is gone says priority 0.
  void apply(Plan plan, Time now);
  void stop(Time now);

  /// Null where there is none.
  Instance* find(int ifindex, Family family, uint8_t vrid);
  Instance* find(std::string_view name);
  /// Remembered for instances that come later.
  void track(const std::string& name, bool up, Time now);
  void set_maintenance(bool on, Time now);
  bool maintenance() const { return maintenance_; }
  /// Fires what is due and lets groups follow.
  void fire(Time now);
  /// After anything that was done to an instance directly.
  void settle(Time now);
  Time deadline() const;

  const std::vector<std::unique_ptr<Instance>>& instances() const { return instances_; }
  const std::vector<GroupConfig>& groups() const { return groups_; }
  State group_state(const GroupConfig& group) const;

 private:
  void replace_groups(std::vector<GroupConfig> groups);
  void settle_group(const GroupConfig& group, Time now);
  std::vector<Instance*> members(const GroupConfig& group) const;

  Output& output_;
  std::function<void(const GroupConfig&, State)> group_changed_;
  std::vector<std::unique_ptr<Instance>> instances_;
  std::vector<GroupConfig> groups_;
  std::vector<State> group_states_;
  std::map<std::string, bool> known_;  // what is tracked: up
  bool maintenance_ = false;
};

}  // namespace lbd::vrrp
