// SPDX-License-Identifier: Apache-2.0
#include "control/vrrp/vrrp_side.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>
#include <utility>

namespace lbd {
namespace {

constexpr std::chrono::seconds kRetry{1};
constexpr const char* kStateSection = "vrrp";

std::vector<vrrp::WorkerWatch> worker_watches(Dataplane& dataplane) {
  std::vector<vrrp::WorkerWatch> out;
  for (unsigned index = 0; index < dataplane.workers(); ++index) {
    const Counter& rounds = dataplane.counters(static_cast<WorkerIndex>(index)).total_cycles;
    out.push_back({"worker " + std::to_string(index), [&rounds] { return rounds.get(); }});
  }
  return out;
}

uint64_t count(Dataplane& dataplane, PortIndex port, Verdict verdict) {
  uint64_t sum = 0;
  for (unsigned index = 0; index < dataplane.workers(); ++index)
    sum += dataplane.counters(static_cast<WorkerIndex>(index))
               .ports[port]
               .verdicts[static_cast<unsigned>(verdict)]
               .get();
  return sum;
}

std::vector<vrrp::PortWatch> port_watches(Dataplane& dataplane) {
  std::vector<vrrp::PortWatch> out;
  for (unsigned index = 0; index < dataplane.ports().count; ++index) {
    const auto port = static_cast<PortIndex>(index);
    out.push_back({"port " + dataplane.ports()[port].name,
                   [&dataplane, port] { return count(dataplane, port, Verdict::kForwarded); },
                   [&dataplane, port] { return count(dataplane, port, Verdict::kTxFull); }});
  }
  return out;
}

}  // namespace

VrrpSide::VrrpSide(boost::asio::io_context& io, Parts parts)
    : io_(io),
      parts_(parts),
      events_(io),
      retry_(io),
      macvlans_(parts.dataplane.ports()),
      queue_(io, parts.commands),
      scripts_(io, queue_,
               [this](const std::string& name, bool up) { track("script " + name, up); }),
      processes_(io, [this](const std::string& name, bool up) { track("process " + name, up); }),
      targets_(io, [this](const IpAddress& target, bool up) {
        track("target " + target.to_string(), up);
      }) {
  const StateFile::Json found = parts_.state_file.section(kStateSection);
  maintenance_ = found.is_object() && found.value("maintenance", false);
  parts_.state_file.provide(kStateSection, [this] {
    return StateFile::Json{{"maintenance", maintenance_}};
  });
}

VrrpSide::~VrrpSide() {
  stop();
}

void VrrpSide::stop() {
  if (events_.is_open()) events_.release();  // the descriptor is the thread's
  retry_.cancel();
  configure_trackers({});
  if (!thread_) return;
  thread_->stop();
  thread_->poll([this](const auto& happening) { happened(happening); });
  thread_.reset();
  macvlans_.keep({});
}

Status VrrpSide::start_thread() {
  auto thread =
      vrrp::Thread::start(worker_watches(parts_.dataplane), port_watches(parts_.dataplane));
  if (!thread) return thread.error();
  thread_ = std::move(thread).value();
  events_.assign(thread_->fd());
  wait_readable();
  if (maintenance_) {
    spdlog::warn("vrrp: maintenance is on, from {}", parts_.state_file.on() ? "before" : "lbctl");
    set_maintenance(true, [] {});
  }
  return Done{};
}

void VrrpSide::wait_readable() {
  events_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                     [this](const boost::system::error_code& error) {
                       if (error) return;
                       thread_->poll([this](const auto& happening) { happened(happening); });
                       wait_readable();
                     });
}

void VrrpSide::happened(const vrrp::Happening& happening) {
  using Kind = vrrp::Happening::Kind;
  publish(happening);
  notify(happening);
  switch (happening.kind) {
    case Kind::kState:
      spdlog::info("vrrp: {}: {} -> {}, priority {}: {}", happening.name,
                   vrrp::to_text(happening.before), vrrp::to_text(happening.state),
                   happening.priority, happening.text);
      break;
    case Kind::kGroup:
      spdlog::info("vrrp: sync group {}: {}", happening.name, vrrp::to_text(happening.state));
      break;
    case Kind::kNote:
      spdlog::warn("vrrp: {}: {}", happening.name, happening.text);
      break;
    case Kind::kTrouble:
      spdlog::warn("vrrp: {}", happening.text);
      break;
  }
}

void VrrpSide::apply(std::shared_ptr<const config::Config> config,
                     std::shared_ptr<const VirtualAddresses> slots, std::function<void()> done) {
  leaving_ = std::exchange(config_, std::move(config));
  slots_ = std::move(slots);
  if (!thread_ && config_->vrrp.instances.empty()) return done();
  if (!thread_) {
    if (const Status started = start_thread(); !started) {
      spdlog::error("{}", started.error().message);
      return done();
    }
  }
  track_services(*parts_.dataplane.publisher().current(), true);
  send_plan(std::move(done));
  configure_trackers(config_->vrrp);
}

void VrrpSide::configure_trackers(const config::Vrrp& vrrp) {
  scripts_.configure(vrrp.scripts);
  std::set<std::string> names;
  for (const config::VrrpInstance& instance : vrrp.instances)
    for (const config::VrrpTracked& tracked : instance.track_processes) names.insert(tracked.name);
  processes_.configure(names);
  targets_.configure(vrrp.instances);
}

void VrrpSide::send_plan(std::function<void()> done) {
  VrrpPlan plan =
      make_vrrp_plan(*config_, *slots_, parts_.dataplane.held_flags(), links_, macvlans_);
  std::set<int> used;
  for (const vrrp::InstanceConfig& instance : plan.plan.instances)
    if (instance.virtual_mac) used.insert(instance.virtual_mac->ifindex);
  auto command = std::make_unique<vrrp::Command>();
  command->kind = vrrp::Command::Kind::kApply;
  command->plan = std::move(plan.plan);
  for (const auto& [key, link] : plan.links) command->links.push_back(link);
  command->done = [this, used, slots = slots_, done = std::move(done)](vrrp::Command&) {
    macvlans_.keep(used);
    // Connections of an address that has become an ordinary one go on.
    for (const auto& [address, slot] : *slots)
      if (!slot.owned) parts_.dataplane.held_flags()[slot.slot] = 1;
    done();
  };
  links_ = std::move(plan.links);
  if (plan.problems != problems_)
    for (const std::string& problem : plan.problems) spdlog::error("{}; trying again", problem);
  problems_ = std::move(plan.problems);
  thread_->submit(std::move(command));
  if (!problems_.empty()) try_again_later();
}

void VrrpSide::try_again_later() {
  retry_.expires_after(kRetry);
  retry_.async_wait([this](const boost::system::error_code& error) {
    if (!error) send_plan([] {});
  });
}

bool VrrpSide::submit(std::unique_ptr<vrrp::Command> command) {
  if (!thread_) return false;
  thread_->submit(std::move(command));
  return true;
}

void VrrpSide::track(const std::string& name, bool up) {
  auto command = std::make_unique<vrrp::Command>();
  command->kind = vrrp::Command::Kind::kTrack;
  command->name = name;
  command->on = up;
  submit(std::move(command));
}

void VrrpSide::set_maintenance(bool on, std::function<void()> done) {
  if (maintenance_ != on) parts_.state_file.changed();
  maintenance_ = on;
  auto command = std::make_unique<vrrp::Command>();
  command->kind = vrrp::Command::Kind::kMaintenance;
  command->on = on;
  command->done = [done](vrrp::Command&) { done(); };
  if (!submit(std::move(command))) done();
}

void VrrpSide::services_changed(const Snapshot& now) {
  if (config_ && thread_) track_services(now, false);
}

/// `all`: also those that have not changed.
void VrrpSide::track_services(const Snapshot& now, bool all) {
  std::map<std::string, bool> next;
  for (const config::VrrpInstance& instance : config_->vrrp.instances)
    for (const config::VrrpTracked& tracked : instance.track_services) next[tracked.name] = false;
  if (next.empty() && services_.empty()) return;
  for (const auto& service : now.services)
    if (service)
      if (const auto wanted = next.find(service->name); wanted != next.end())
        wanted->second = std::ranges::any_of(service->candidates,
                                             [](const Candidate& one) { return one.weight != 0; });
  for (const auto& [name, up] : next) {
    const auto before = services_.find(name);
    if (all || before == services_.end() || before->second != up) track("service " + name, up);
  }
  services_ = std::move(next);
}

/// For lbctl vrrp --follow.
void VrrpSide::publish(const vrrp::Happening& happening) {
  if (!parts_.events.is_followed(api::kVrrpTopic)) return;
  using Kind = vrrp::Happening::Kind;
  api::Json fields;
  switch (happening.kind) {
    case Kind::kState:
      fields = {
          {"text", happening.name + ": " + std::string(vrrp::to_text(happening.before)) + " -> " +
                       std::string(vrrp::to_text(happening.state)) + ": " + happening.text},
          {"instance", happening.name},
          {"before", vrrp::to_text(happening.before)},
          {"state", vrrp::to_text(happening.state)},
          {"priority", happening.priority},
          {"reason", happening.text}};
      break;
    case Kind::kGroup:
      fields = {{"text", "sync group " + happening.name + ": " +
                             std::string(vrrp::to_text(happening.state))},
                {"group", happening.name},
                {"state", vrrp::to_text(happening.state)}};
      break;
    case Kind::kNote:
    case Kind::kTrouble:
      fields = {{"text", (happening.name.empty() ? "" : happening.name + ": ") + happening.text}};
      if (!happening.name.empty()) fields["instance"] = happening.name;
      break;
  }
  parts_.events.publish(api::kVrrpTopic, fields);
}

void VrrpSide::notify(const vrrp::Happening& happening) {
  using Kind = vrrp::Happening::Kind;
  const auto named = [&](const auto& all) {
    return std::ranges::find_if(all, [&](const auto& one) { return one.name == happening.name; });
  };
  for (const config::Config* config : {config_.get(), leaving_.get()}) {
    if (config == nullptr) continue;
    const config::Vrrp& vrrp = config->vrrp;
    const auto instance = named(vrrp.instances);
    const auto group = named(vrrp.sync_groups);
    if (happening.kind == Kind::kState && instance != vrrp.instances.end())
      return notifier_.instance(instance->name, instance->notify, happening.state,
                                happening.priority);
    if (happening.kind == Kind::kGroup && group != vrrp.sync_groups.end())
      return notifier_.group(group->name, group->notify, happening.state);
  }
}

}  // namespace lbd
