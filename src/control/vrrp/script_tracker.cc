// SPDX-License-Identifier: Apache-2.0
#include "control/vrrp/script_tracker.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <optional>
#include <utility>

namespace lbd {

struct ScriptTracker::Script {
  Script(boost::asio::io_context& io, config::VrrpScript given)
      : config(std::move(given)), timer(io) {}
  config::VrrpScript config;
  boost::asio::steady_timer timer;
  std::chrono::steady_clock::time_point begun;
  std::optional<bool> up;
  unsigned in_a_row = 0;  // results that differ from `up`
  bool gone = false;
};

ScriptTracker::ScriptTracker(boost::asio::io_context& io, CommandQueue& queue, Changed changed)
    : io_(io), queue_(queue), changed_(std::move(changed)) {}

ScriptTracker::~ScriptTracker() {
  for (const auto& [name, script] : scripts_) {
    script->gone = true;
    script->timer.cancel();
  }
}

void ScriptTracker::configure(const std::vector<config::VrrpScript>& scripts) {
  std::map<std::string, std::shared_ptr<Script>> next;
  for (const config::VrrpScript& config : scripts) {
    const auto old = scripts_.find(config.name);
    if (old != scripts_.end() && old->second->config == config) {
      next[config.name] = old->second;
      continue;
    }
    next[config.name] = std::make_shared<Script>(io_, config);
    run(next[config.name]);
  }
  for (const auto& [name, script] : scripts_) {
    if (next.contains(name) && next[name] == script) continue;
    script->gone = true;
    script->timer.cancel();
  }
  scripts_ = std::move(next);
}

void ScriptTracker::run(const std::shared_ptr<Script>& script) {
  script->begun = std::chrono::steady_clock::now();
  Command command;
  command.words = script->config.command.words;
  command.timeout = script->config.timeout;
  command.kill_leftovers = true;
  queue_.enqueue("vrrp script " + script->config.name, script->config.user, std::move(command),
                 [this, script](const CommandResult& result) {
                   if (!script->gone) ran(script, result);
                 });
}

void ScriptTracker::ran(const std::shared_ptr<Script>& script, const CommandResult& result) {
  const bool good = result.success();
  const std::string& name = script->config.name;
  script->in_a_row = script->up == good ? 0 : script->in_a_row + 1;
  const unsigned needed = good ? script->config.rise : script->config.fall;
  if (!script->up || script->in_a_row >= needed) {
    if (script->up != good)
      spdlog::info("vrrp: script {}: {}: {}", name, good ? "up" : "down", result.describe());
    script->up = good;
    script->in_a_row = 0;
    changed_(name, good);
  }
  wait(script);
}

/// The next one begins an interval after this one began, or at once where it took longer.
void ScriptTracker::wait(const std::shared_ptr<Script>& script) {
  script->timer.expires_at(
      std::max(script->begun + script->config.interval, std::chrono::steady_clock::now()));
  script->timer.async_wait([this, script](const boost::system::error_code& error) {
    if (!error && !script->gone) run(script);
  });
}

}  // namespace lbd
