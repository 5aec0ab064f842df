// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "control/api/protocol.h"

namespace lbd::api {

/// What can be followed.
inline constexpr std::string_view kHealthTopic = "health";
inline constexpr std::string_view kVrrpTopic = "vrrp";
inline constexpr std::string_view kTopics[] = {kHealthTopic, kVrrpTopic};

/// Brings what happens to the clients that follow it (lbctl health --follow). Who publishes knows
/// nobody of them. Control thread.
///   -> {"verb":"follow","arguments":{"topics":["health"]}}
///   <- {"ok":true,"result":{"following":["health"]}}
///   <- {"event":"health","at":"2026-01-31T12:00:00.123Z","text":"...", ...}   one a line, from now
/// "text" is the event in words, the other fields are for programs.
class EventHub {
 public:
  /// Takes a line, its newline included.
  using Follower = std::function<void(const std::string& line)>;

  /// Adds the topic and the time. Costs nothing where nobody follows.
  void publish(std::string_view topic, const Json& fields);
  /// Somebody follows this topic: asks before an event that takes work to describe.
  bool is_followed(std::string_view topic) const;

  uint64_t follow(std::vector<std::string> topics, Follower follower);
  void unfollow(uint64_t id) { entries_.erase(id); }

 private:
  struct Entry {
    std::vector<std::string> topics;
    Follower follower;
  };
  std::map<uint64_t, Entry> entries_;
  uint64_t next_id_ = 1;
};

}  // namespace lbd::api
