// SPDX-License-Identifier: Apache-2.0
#include "control/vrrp/target_tracker.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <utility>

#include "control/vrrp/echo_socket.h"

namespace lbd {

struct TargetTracker::Target {
  Target(boost::asio::io_context& io, config::VrrpTarget given)
      : config(std::move(given)), timer(io) {}
  config::VrrpTarget config;
  boost::asio::steady_timer timer;
  std::unique_ptr<EchoSocket> socket;
  bool asked = false;
  std::optional<bool> up;
  bool last = false;
  unsigned in_a_row = 0;  // results like the last one
  bool gone = false;
};

TargetTracker::~TargetTracker() {
  configure({});
}

void TargetTracker::configure(const std::vector<config::VrrpInstance>& instances) {
  std::map<IpAddress, std::shared_ptr<Target>> next;
  for (const config::VrrpInstance& instance : instances) {
    for (const config::VrrpTarget& config : instance.track_targets) {
      if (next.contains(config.ping)) continue;
      const auto old = targets_.find(config.ping);
      const bool same = old != targets_.end() && old->second->config.same_check(config);
      next[config.ping] = same ? old->second : std::make_shared<Target>(io_, config);
    }
  }
  const auto before = std::exchange(targets_, std::move(next));
  for (const auto& [address, target] : before) {
    const auto now = targets_.find(address);
    if (now != targets_.end() && now->second == target) continue;
    target->gone = true;
    target->timer.cancel();
  }
  for (const auto& [address, target] : targets_) {
    if (target->socket) continue;
    auto socket = EchoSocket::open(address);
    if (!socket) {
      spdlog::error("vrrp: target {}: {}", address.to_string(), socket.error().message);
      changed_(address, false);
      continue;
    }
    target->socket = std::move(socket).value();
    target->timer.expires_after(std::chrono::milliseconds(0));
    look(target);
  }
}

/// Once an interval: what came since the last question, then the next one.
void TargetTracker::look(const std::shared_ptr<Target>& target) {
  const bool good = target->socket->answered();
  if (target->asked) judge(*target, good);
  target->asked = true;
  target->socket->ask();  // what cannot be sent is not answered
  // From when it was due, unless this thread has been busy for longer than that.
  const auto now = std::chrono::steady_clock::now();
  const auto due = target->timer.expiry() + target->config.interval;
  target->timer.expires_at(due > now ? due : now + target->config.interval);
  target->timer.async_wait([this, target](const boost::system::error_code& error) {
    if (!error && !target->gone) look(target);
  });
}

void TargetTracker::judge(Target& target, bool good) {
  target.in_a_row = target.last == good ? target.in_a_row + 1 : 1;
  target.last = good;
  const unsigned needed = good ? target.config.rise : target.config.fall;
  if (target.up == good || target.in_a_row < needed) return;
  target.up = good;
  spdlog::info("vrrp: target {}: {}", target.config.ping.to_string(),
               good ? "answers" : "does not answer");
  changed_(target.config.ping, good);
}

}  // namespace lbd
