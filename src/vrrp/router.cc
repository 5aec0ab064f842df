// SPDX-License-Identifier: Apache-2.0
#include "vrrp/router.h"

#include <algorithm>
#include <utility>

namespace lbd::vrrp {
namespace {

constexpr std::string_view kMaintenance = "maintenance";

bool is_member(const std::vector<GroupConfig>& groups, const std::string& name) {
  return std::ranges::any_of(groups, [&](const GroupConfig& group) {
    return std::ranges::find(group.instances, name) != group.instances.end();
  });
}

}  // namespace

void Router::apply(Plan plan, Time now) {
  std::vector<std::unique_ptr<Instance>> next;
  std::vector<Instance*> fresh;
  replace_groups(std::move(plan.groups));
  // First the ones that go, so that what they held is free for others.
  std::vector<std::unique_ptr<Instance>> kept;
  for (auto& instance : instances_) {
    const bool stays = std::ranges::any_of(plan.instances, [&](const InstanceConfig& config) {
      return config.same_router(instance->config());
    });
    if (stays)
      kept.push_back(std::move(instance));
    else
      instance->stop(now, "removed from the file");
  }
  for (InstanceConfig& config : plan.instances) {
    const bool grouped = is_member(groups_, config.name);
    const auto old = std::ranges::find_if(kept, [&](const auto& instance) {
      return instance && config.same_router(instance->config());
    });
    if (old != kept.end()) {
      (*old)->set_grouped(grouped);
      (*old)->reconfigure(std::move(config), known_, now);
      next.push_back(std::move(*old));
    } else {
      next.push_back(std::make_unique<Instance>(std::move(config), output_));
      next.back()->set_grouped(grouped);
      fresh.push_back(next.back().get());
    }
  }
  instances_ = std::move(next);
  for (Instance* instance : fresh) {
    for (const auto& [name, up] : known_) instance->track(name, up, now);
    if (maintenance_) instance->set_outer_fault(kMaintenance, "maintenance", now);
    instance->start(now);
  }
  settle(now);
}

/// A group that stays keeps its state, so that nobody is told of it again; one that goes has
/// stopped.
void Router::replace_groups(std::vector<GroupConfig> groups) {
  std::map<std::string, State> before;
  for (size_t i = 0; i < groups_.size(); ++i) {
    before[groups_[i].name] = group_states_[i];
    const bool stays = std::ranges::any_of(
        groups, [&](const GroupConfig& one) { return one.name == groups_[i].name; });
    if (!stays && group_changed_ && group_states_[i] != State::kInitialize)
      group_changed_(groups_[i], State::kInitialize);
  }
  groups_ = std::move(groups);
  group_states_.clear();
  for (const GroupConfig& group : groups_) {
    const auto old = before.find(group.name);
    group_states_.push_back(old == before.end() ? State::kInitialize : old->second);
  }
}

void Router::stop(Time now) {
  for (auto& instance : instances_) instance->stop(now, "lbd stops");
  settle(now);
}

Instance* Router::find(int ifindex, Family family, uint8_t vrid) {
  for (auto& instance : instances_) {
    const InstanceConfig& config = instance->config();
    if (config.ifindex == ifindex && config.protocol.family == family &&
        config.protocol.vrid == vrid)
      return instance.get();
  }
  return nullptr;
}

Instance* Router::find(std::string_view name) {
  for (auto& instance : instances_)
    if (instance->config().name == name) return instance.get();
  return nullptr;
}

void Router::track(const std::string& name, bool up, Time now) {
  known_[name] = up;
  for (auto& instance : instances_) instance->track(name, up, now);
  settle(now);
}

void Router::set_maintenance(bool on, Time now) {
  maintenance_ = on;
  for (auto& instance : instances_)
    instance->set_outer_fault(kMaintenance, on ? "maintenance" : "", now);
  settle(now);
}

void Router::fire(Time now) {
  for (auto& instance : instances_)
    if (instance->deadline() <= now) instance->fire(now);
  settle(now);
}

Time Router::deadline() const {
  Time first = kNever;
  for (const auto& instance : instances_) first = std::min(first, instance->deadline());
  return first;
}

void Router::settle(Time now) {
  for (size_t i = 0; i < groups_.size(); ++i) {
    settle_group(groups_[i], now);
    const State state = group_state(groups_[i]);
    if (state == group_states_[i]) continue;
    group_states_[i] = state;
    if (group_changed_) group_changed_(groups_[i], state);
  }
}

std::vector<Instance*> Router::members(const GroupConfig& group) const {
  std::vector<Instance*> out;
  for (const std::string& name : group.instances)
    for (const auto& instance : instances_)
      if (instance->config().name == name) out.push_back(instance.get());
  return out;
}

void Router::settle_group(const GroupConfig& group, Time now) {
  const std::vector<Instance*> all = members(group);
  const auto faulty = std::ranges::find_if(
      all, [](const Instance* one) { return !one->tracking().own_fault().empty(); });
  for (Instance* one : all) {
    const bool other = faulty != all.end() && *faulty != one;
    one->set_outer_fault(
        Tracking::kGroup,
        other ? "sync group " + group.name + ": " + (*faulty)->config().name + " is in fault" : "",
        now);
  }
  const auto is_master = [](const Instance* one) { return one->state() == State::kMaster; };
  if (std::ranges::none_of(all, is_master)) {
    if (all.empty() ||
        !std::ranges::all_of(all, [](const Instance* one) { return one->wants_master(); }))
      return;
    for (Instance* one : all) one->take_over(now, "sync group " + group.name + ": all take over");
  } else if (!std::ranges::all_of(all, is_master)) {
    for (Instance* one : all)
      if (is_master(one)) one->yield(now, "sync group " + group.name + ": a member is no master");
  }
}

State Router::group_state(const GroupConfig& group) const {
  const std::vector<Instance*> all = members(group);
  const auto any = [&](State state) {
    return std::ranges::any_of(all, [&](const Instance* one) { return one->state() == state; });
  };
  if (all.empty() || any(State::kInitialize)) return State::kInitialize;
  if (any(State::kFault)) return State::kFault;
  return any(State::kBackup) ? State::kBackup : State::kMaster;
}

}  // namespace lbd::vrrp
