// SPDX-License-Identifier: Apache-2.0
#include "control/api/events.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <utility>

namespace lbd::api {
namespace {

/// RFC 3339, UTC, milliseconds.
std::string now_text() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  const std::time_t seconds = ms / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  const size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  const std::string fraction = std::to_string(1000 + ms % 1000);
  return std::string(text.data(), length) + "." + fraction.substr(1) + "Z";
}

bool wants(const std::vector<std::string>& topics, std::string_view topic) {
  return std::find(topics.begin(), topics.end(), topic) != topics.end();
}

}  // namespace

bool EventHub::is_followed(std::string_view topic) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [topic](const auto& entry) { return wants(entry.second.topics, topic); });
}

void EventHub::publish(std::string_view topic, const Json& fields) {
  if (!is_followed(topic)) return;
  Json event{{"event", topic}, {"at", now_text()}};
  event.update(fields);
  const std::string line = to_line(event);
  // A follower that cannot keep up leaves while it is being told.
  std::vector<uint64_t> ids;
  for (const auto& [id, entry] : entries_)
    if (wants(entry.topics, topic)) ids.push_back(id);
  for (const uint64_t id : ids) {
    const auto found = entries_.find(id);
    if (found == entries_.end()) continue;
    const Follower follower = found->second.follower;
    follower(line);
  }
}

uint64_t EventHub::follow(std::vector<std::string> topics, Follower follower) {
  const uint64_t id = next_id_++;
  entries_.emplace(id, Entry{std::move(topics), std::move(follower)});
  return id;
}

}  // namespace lbd::api
