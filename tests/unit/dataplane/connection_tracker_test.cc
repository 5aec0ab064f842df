// SPDX-License-Identifier: Apache-2.0
#include "dataplane/connection_tracker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <map>
#include <optional>
#include <random>

#include "test_memory.h"

namespace lbd {
namespace {

constexpr ServerId kServers = 3;
constexpr uint32_t kCapacity = 50;
constexpr uint32_t kQuota = 10;

bool active(uint8_t state) {
  return state < kTcpStates && is_active(static_cast<TcpState>(state));
}
bool half_open(uint8_t state) {
  return state < kTcpStates && is_half_open(static_cast<TcpState>(state));
}

/// The tracker beside a slow model: a map, a list and time-outs looked for one by one.
class Tracked {
 public:
  Tracked() {
    servers_.grow(kServers);
    snapshot_.exact.assign(kServers, false);
    snapshot_.exact[1] = true;
    snapshot_.thresholds.resize(kServers);
    context_.snapshot = &snapshot_;
    context_.counters = &counters_;
    context_.servers = &servers_;
    context_.exact = &exact_;
    context_.now = 1000;
    snapshot_.targets.resize(kServers);
    tracker_.emplace(ConnectionTable::create(kCapacity, test_hash(), memory_.get()).value(),
                     ReplyDirectory(context_, owner_, {}), TimeoutsMs{}, kQuota, context_);
  }

  void step();
  void check();

 private:
  struct Entry {
    ServerId server;
    uint8_t state;
    Tick last_seen;
  };

  uint32_t id_of(uint32_t flow) {
    ConnectionTable& table = tracker_->table();
    return table.find(test_key(flow), table.hash(test_key(flow)));
  }
  void open(uint32_t flow);
  void set_state(uint32_t flow, uint8_t state);
  void close(uint32_t flow);
  void let_time_pass();
  void forget(uint32_t flow) {
    model_.erase(flow);
    half_open_.remove(flow);
  }
  void enter(uint32_t flow) {
    if (half_open_.size() == kQuota) forget(half_open_.front());
    half_open_.push_back(flow);
  }

  TestMemory memory_;
  WorkerContext context_;
  Owner owner_{default_rss_key(), 1};
  WorkerCounters counters_;
  GrowingArray<ServerCounters> servers_;
  Snapshot snapshot_;
  ConnectionCounts exact_{kServers};
  std::optional<ConnectionTracker> tracker_;
  std::map<uint32_t, Entry> model_;
  std::list<uint32_t> half_open_;  // oldest first
  std::mt19937 random_{11};
};

void Tracked::open(uint32_t flow) {
  if (model_.contains(flow)) return;
  Service service;
  service.id = 0;
  const ServerId server = random_() % kServers;
  const uint8_t state = random_() % 3 == 0 ? kStateUdp : static_cast<uint8_t>(TcpState::kSynRecv);
  if (model_.size() == kCapacity) {
    if (half_open_.empty()) {
      EXPECT_EQ(tracker_->open(test_key(flow), tracker_->table().hash(test_key(flow)), service,
                               {server, 1, 0}, state),
                kNoConnection);
      return;
    }
    forget(half_open_.front());
  }
  const uint32_t id = tracker_->open(test_key(flow), tracker_->table().hash(test_key(flow)),
                                     service, {server, 1, 0}, state);
  ASSERT_NE(id, kNoConnection);
  model_[flow] = {server, state, context_.now};
  if (half_open(state)) enter(flow);
}

void Tracked::set_state(uint32_t flow, uint8_t state) {
  const auto found = model_.find(flow);
  if (found == model_.end() || found->second.state == kStateUdp) return;
  const uint32_t id = id_of(flow);
  ASSERT_NE(id, kNoConnection);
  tracker_->set_state(id, state);
  tracker_->table().at(id).last_seen = context_.now;
  const bool was = half_open(found->second.state);
  found->second.state = state;
  found->second.last_seen = context_.now;
  if (was && !half_open(state)) half_open_.remove(flow);
  if (!was && half_open(state)) enter(flow);
}

void Tracked::close(uint32_t flow) {
  if (!model_.contains(flow)) return;
  tracker_->close(id_of(flow));
  forget(flow);
}

void Tracked::let_time_pass() {
  context_.now += random_() % 400;
  while (tracker_->expire(7) != 0) {
  }
  const TimeoutTable& timeouts = tracker_->timeouts();
  std::vector<uint32_t> gone;
  for (const auto& [flow, entry] : model_)
    if (tick_reached(context_.now, entry.last_seen + timeouts.of(entry.state)))
      gone.push_back(flow);
  for (const uint32_t flow : gone) forget(flow);
}

void Tracked::step() {
  const uint32_t flow = random_() % 120;
  switch (random_() % 8) {
    case 0:
      return close(flow);
    case 1:
      return let_time_pass();
    case 2:
    case 3:
    case 4:
      return set_state(flow, static_cast<uint8_t>(1 + random_() % (kTcpStates - 1)));
    case 5:
      if (random_() % 20 == 0) {
        snapshot_.exact[0] = !snapshot_.exact[0];
        tracker_->sync_exact(0);
      }
      return;
    default:
      return open(flow);
  }
}

void Tracked::check() {
  ASSERT_EQ(tracker_->table().size(), model_.size());
  ASSERT_EQ(counters_.connections.get(), model_.size());
  std::array<uint64_t, kServers> actives{};
  std::array<uint64_t, kServers> inactives{};
  for (const auto& [flow, entry] : model_) {
    const uint32_t id = id_of(flow);
    ASSERT_NE(id, kNoConnection) << flow;
    const Connection& connection = tracker_->table().at(id);
    ASSERT_EQ(connection.server, entry.server);
    ASSERT_EQ(connection.state, entry.state);
    ASSERT_EQ((connection.flags & kHalfOpen) != 0, half_open(entry.state));
    ++(active(entry.state) ? actives : inactives)[entry.server];
  }
  for (ServerId id = 0; id < kServers; ++id) {
    ASSERT_EQ(servers_[id].active.get(), actives[id]);
    ASSERT_EQ(servers_[id].inactive.get(), inactives[id]);
    ASSERT_EQ(exact_.get(id), snapshot_.exact[id] ? actives[id] << 32 | inactives[id] : 0);
  }
}

TEST(ConnectionTracker, AgreesWithASlowModel) {
  Tracked tracked;
  for (int i = 0; i < 100'000; ++i) {
    tracked.step();
    if (testing::Test::HasFatalFailure()) FAIL() << "step " << i;
    if (i % 10 == 0) tracked.check();
    if (testing::Test::HasFatalFailure()) FAIL() << "after step " << i;
  }
}

}  // namespace
}  // namespace lbd
