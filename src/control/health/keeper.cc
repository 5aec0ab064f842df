// SPDX-License-Identifier: Apache-2.0
#include "control/health/keeper.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "control/health_memory.h"

namespace lbd {
namespace {

using api::Json;
using health::Job;
using health::Monitor;
using health::Outcome;
using health::Verdict;
using MaybeState = std::optional<DesiredState>;

health::Target make_target(const config::Service& service, const config::RealServer& server,
                           const config::HealthCheck& check) {
  health::Target target;
  target.check = check;
  target.address = check.address.value_or(server.address);
  target.port = check.port.value_or(server.port.value_or(service.listen.front().port));
  const bool exec = std::holds_alternative<config::ExecCheck>(check.what);
  if (exec || check.only_while_held) target.service = service.name;
  if (exec) {
    target.server = ServerKey{server.address, server.port}.to_string();
  }
  return target;
}

std::vector<health::Target> targets(const config::Service& service,
                                    const config::RealServer& server) {
  std::vector<health::Target> out;
  for (const config::HealthCheck& check : config::checks_of(service, server))
    out.push_back(make_target(service, server, check));
  return out;
}

std::string why(const Job& job) {
  std::string text = job.target.title();
  if (job.runs == 0) return text + ": so it was before the restart";
  if (job.last.kind == Outcome::Kind::kSuccess) return text + ": ok";
  text += ": " + job.last.reason;
  if (job.state.failures() > 1)
    text += ", " + std::to_string(job.state.failures()) + " times in a row";
  return text;
}

}  // namespace

HealthKeeper::HealthKeeper(Parts parts)
    : parts_(parts),
      programs_(parts.io),
      notices_(parts.io),
      monitor_({parts.io, programs_,
                [this](const Job& job, bool changed) { on_result(job, changed); },
                [this](const health::Target& target) {
                  return !target.check.only_while_held || parts_.holds(target.service);
                }}),
      notifier_(notices_),
      memory_(std::make_shared<const HealthMemory>(
          health_from_json(parts.state_file.section("health"), {}))),
      publish_timer_(parts.io),
      ramp_timer_(parts.io) {
  parts_.state_file.provide("health", [this] { return remember(); });
}

// --- The file

void HealthKeeper::adopt(std::shared_ptr<const config::Config> config) {
  std::map<OverrideKey, std::unique_ptr<Server>> old;
  for (auto& server : servers_) old.emplace(server->key, std::move(server));
  servers_.clear();
  by_key_.clear();
  by_job_.clear();
  services_.clear();
  config_ = std::move(config);
  notifier_.name(config_->daemon.name);
  std::vector<health::Target> all;
  for (const config::Service& service : config_->services) {
    services_[service.name] = &service;
    for (const config::RealServer& named : service.real_servers) {
      const OverrideKey key{service.name, {named.address, named.port}};
      auto known = old.find(key);
      auto server = known == old.end() ? std::make_unique<Server>() : std::move(known->second);
      if (known == old.end()) server->since = Clock::now();
      server->key = key;
      server->jobs.clear();
      for (health::Target& target : targets(service, named)) {
        server->jobs.push_back(target.key());
        by_job_[server->jobs.back()].push_back(server.get());
        all.push_back(std::move(target));
      }
      by_key_[key] = server.get();
      servers_.push_back(std::move(server));
    }
  }
  learn();
  // A job begins as its server is remembered: else a restart would wait for every check. A server
  // that is up only because it has just got its first check has no verdict yet.
  monitor_.replace(std::move(all), [this](const std::string& job) { return remembered(job); });
  memory_.reset();
  // A check that is gone may have been the one that was down.
  for (const auto& server : servers_)
    if (!server->jobs.empty())
      if (const Job* job = monitor_.find(server->jobs.front())) evaluate(*server, *job);
  parts_.state_file.changed();
}

/// A server that was up had all its checks up; of one that was down nobody knows which it was. So a
/// check that several servers share is up if one of them was.
Monitor::Initial HealthKeeper::remembered(const std::string& job) const {
  Monitor::Initial out;
  if (!memory_) return out;
  for (const Server* server : by_job_.at(job)) {
    const auto known = memory_->find(server->key);
    if (known == memory_->end()) continue;
    if (out.verdict != Verdict::kUp) out.verdict = known->second.up ? Verdict::kUp : Verdict::kDown;
    out.weight = known->second.dynamic_weight;
  }
  return out;
}

const HealthKeeper::Server* HealthKeeper::find(const OverrideKey& key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : found->second;
}

std::vector<health::Target> HealthKeeper::targets_of(const OverrideKey& key) const {
  const auto service = services_.find(key.first);
  if (service == services_.end()) return {};
  for (const config::RealServer& server : service->second->real_servers)
    if (ServerKey{server.address, server.port} == key.second)
      return targets(*service->second, server);
  return {};
}

const config::Service& HealthKeeper::service_of(const Server& server) const {
  return *services_.at(server.key.first);
}

// --- Results

void HealthKeeper::on_result(const Job& job, bool changed) {
  const auto found = by_job_.find(job.key);
  if (found == by_job_.end()) return;
  for (Server* server : found->second) {
    if (!changed) {
      refresh_reason(job, *server);
      continue;
    }
    tell_check(job, *server);
    evaluate(*server, job);
  }
}

/// What keeps a server down is shown as it is now, and a check that lbd cannot make is told once.
void HealthKeeper::refresh_reason(const Job& job, Server& server) {
  if (job.last.kind == Outcome::Kind::kNotRun) {
    if (!std::exchange(server.unanswered, true))
      spdlog::warn("service {}: server {}: a check could not be made: {}: {}", server.key.first,
                   server.key.second.to_string(), job.target.title(), job.last.reason);
    return;
  }
  server.unanswered = false;
  if (!server.health.up && server.down_by == job.key && job.last.kind == Outcome::Kind::kFailure)
    server.reason = why(job);
}

void HealthKeeper::tell_check(const Job& job, const Server& server) {
  const char* state = job.state.verdict() == Verdict::kUp ? "up" : "down";
  spdlog::debug("service {}: server {}: check is {}: {}", server.key.first,
                server.key.second.to_string(), state, why(job));
  if (!parts_.events.is_followed(api::kHealthTopic)) return;
  parts_.events.publish(api::kHealthTopic,
                        {{"text", server.key.first + " " + server.key.second.to_string() +
                                      " check is " + state + " (" + why(job) + ")"},
                         {"what", "check"},
                         {"service", server.key.first},
                         {"server", server.key.second.to_string()},
                         {"check", job.target.title()},
                         {"state", state},
                         {"reason", job.last.reason}});
}

void HealthKeeper::evaluate(Server& server, const Job& job) {
  bool decided = true;
  const Job* down = nullptr;
  std::optional<uint32_t> weight;
  for (const std::string& key : server.jobs) {
    const Job* other = monitor_.find(key);
    if (other == nullptr) return;  // within a reload
    decided = decided && other->state.verdict() != Verdict::kUnknown;
    if (other->state.verdict() == Verdict::kDown && down == nullptr) down = other;
    if (other->weight) weight = std::min(weight.value_or(*other->weight), *other->weight);
  }
  if (server.health.dynamic_weight != weight) {
    server.health.dynamic_weight = weight;
    spdlog::info("service {}: server {}: {}: {}", server.key.first, server.key.second.to_string(),
                 job.target.title(),
                 weight ? "weight " + std::to_string(*weight) : "the file's weight");
    mark(server);
  }
  if (down != nullptr && (server.health.up || server.reason.empty())) server.down_by = down->key;
  if (down != nullptr && server.health.up) {
    turn(server, false, why(*down));
  } else if (down != nullptr && server.reason.empty()) {
    server.reason = why(*down);  // it began down: that is no turn, but there is a reason now
    spdlog::warn("service {}: server {} is down from the start: {}", server.key.first,
                 server.key.second.to_string(), server.reason);
  }
  if (down == nullptr && decided && !server.health.up) turn(server, true, why(job));
}

void HealthKeeper::turn(Server& server, bool up, const std::string& reason) {
  const config::Service& service = service_of(server);
  const std::string name = server.key.second.to_string();
  const auto now = Clock::now();
  server.health.up = up;
  server.since = now;
  server.reason = reason;
  ++server.changes;
  ++(up ? counts_.server_up : counts_.server_down);
  server.health.ramp_percent = 100;
  if (up && service.health.slow_start.count() > 0) {
    server.health.ramp_percent = 1;
    server.ramp_begun = now;
    arm_ramp();
  }
  spdlog::log(up ? spdlog::level::info : spdlog::level::warn, "service {}: server {} is {}: {}",
              service.name, name, up ? "up" : "down", reason);
  parts_.events.publish(api::kHealthTopic, {{"text", service.name + " " + name + " is " +
                                                         (up ? "up" : "down") + ": " + reason},
                                            {"what", "server"},
                                            {"service", service.name},
                                            {"server", name},
                                            {"state", up ? "up" : "down"},
                                            {"reason", reason}});
  notifier_.run(up ? service.health.notify.up : service.health.notify.down,
                {up ? "server_up" : "server_down", service.name, name, reason});
  parts_.state_file.changed();
  mark(server);
}

// --- Publishing

void HealthKeeper::mark(Server& server) {
  dirty_.insert(&server);
  publish_soon();
}

void HealthKeeper::publish_soon() {
  if (publishing_ || dirty_.empty()) return;
  publishing_ = true;
  publish_timer_.expires_at(std::max(Clock::now(), published_at_ + kCoalesce));
  publish_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) publish();
  });
}

void HealthKeeper::publish() {
  published_at_ = Clock::now();
  auto updates = std::make_shared<std::vector<HealthUpdate>>();
  for (const Server* server : std::exchange(dirty_, {}))
    updates->push_back({server->id, server->key, server->health});
  ++counts_.publications;
  parts_.updater.submit(
      [updates](const DesiredState& present) -> Result<MaybeState> {
        return MaybeState(set_health(present, *updates));
      },
      [this, updates](const Status& status) {
        publishing_ = false;
        if (!status) try_again(*updates);
        publish_soon();
      });
}

/// Rather late than never, and not in a loop.
void HealthKeeper::try_again(const std::vector<HealthUpdate>& updates) {
  for (const HealthUpdate& update : updates)
    if (const auto found = by_key_.find(update.key); found != by_key_.end())
      dirty_.insert(found->second);
  published_at_ = Clock::now() + kRetry;
}

void HealthKeeper::published() {
  for (const auto& service : parts_.updater.state().services)
    if (service) watch_quorum(*service);
}

/// Takes ids from the state that a file has made, and how servers begin that are new.
void HealthKeeper::learn() {
  std::unordered_set<Server*> named;
  for (const auto& server : servers_) named.insert(server.get());
  std::erase_if(dirty_, [&](Server* server) { return !named.contains(server); });
  const DesiredState& state = parts_.updater.state();
  for (const auto& service : state.services) {
    if (!service || service->removed) continue;
    for (const RealServer& server : service->servers) {
      const auto found = by_key_.find({service->name, server.key});
      if (found == by_key_.end() || server.life != ServerLife::kPresent) continue;
      Server& mine = *found->second;
      const bool fresh = mine.id != server.id;
      mine.id = server.id;
      // Without checks the state has decided; with them this knows better.
      if (fresh || mine.jobs.empty()) mine.health = server.health;
      if (fresh && mine.health.ramp_percent < 100) mine.ramp_begun = ramp_begun(mine.key);
      if (mine.health != server.health) mark(mine);
    }
  }
  arm_ramp();
  published();
}

void HealthKeeper::watch_quorum(const VirtualService& service) {
  const auto configured = services_.find(service.name);
  if (service.removed || configured == services_.end()) {
    quorum_.erase(service.name);
    return;
  }
  const auto [known, fresh] = quorum_.try_emplace(service.name, false);
  if (known->second == service.has_quorum) return;
  known->second = service.has_quorum;
  const bool gained = service.has_quorum;
  const config::Quorum& quorum = configured->second->health.quorum;
  ++(gained ? counts_.quorum_gained : counts_.quorum_lost);
  const bool sorry = configured->second->health.sorry_server.has_value();
  const std::string reason = std::string("quorum ") + (gained ? "gained" : "lost") +
                             (sorry && !gained ? ", the sorry server takes over" : "");
  spdlog::log(gained ? spdlog::level::info : spdlog::level::warn, "service {}: {}", service.name,
              reason);
  parts_.events.publish(api::kHealthTopic, {{"text", service.name + " " + reason},
                                            {"what", "quorum"},
                                            {"service", service.name},
                                            {"state", gained ? "gained" : "lost"}});
  notifier_.run(gained ? quorum.up : quorum.down,
                {gained ? "quorum_up" : "quorum_down", service.name, "-", reason});
}

// --- Slow start

void HealthKeeper::arm_ramp() {
  const auto ramps = [](const auto& server) { return server->health.ramp_percent < 100; };
  if (ramping_ || std::none_of(servers_.begin(), servers_.end(), ramps)) return;
  ramping_ = true;
  ramp_timer_.expires_after(kRampStep);
  ramp_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) ramp();
  });
}

/// Of a server that is new here: as the run before had it, or now.
Clock::time_point HealthKeeper::ramp_begun(const OverrideKey& key) const {
  if (!memory_) return Clock::now();
  const auto known = memory_->find(key);
  return known == memory_->end() ? Clock::now() : known->second.ramp_begun.value_or(Clock::now());
}

void HealthKeeper::ramp() {
  ramping_ = false;
  const auto now = Clock::now();
  for (const auto& server : servers_) {
    if (server->health.ramp_percent >= 100) continue;
    server->health.ramp_percent =
        ramp_percent(server->ramp_begun, now, service_of(*server).health.slow_start);
    mark(*server);
  }
  arm_ramp();
}

// --- The state file

StateFile::Json HealthKeeper::remember() const {
  HealthMemory memory;
  for (const auto& server : servers_) {
    const ServerHealth& health = server->health;
    const bool ramps = health.ramp_percent < 100;
    if (server->jobs.empty() && !ramps) continue;
    RememberedHealth& row = memory[server->key];
    row = {health.up, health.dynamic_weight, std::nullopt};
    if (ramps) row.ramp_begun = server->ramp_begun;
  }
  return health_to_json(memory, {});
}

}  // namespace lbd
