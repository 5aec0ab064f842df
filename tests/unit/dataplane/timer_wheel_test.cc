// SPDX-License-Identifier: Apache-2.0
#include "dataplane/timer_wheel.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace lbd {
namespace {

struct Entries {
  std::vector<Links>* all;
  Links& links(uint32_t id) { return (*all)[id]; }
  void prefetch(uint32_t) {}
};
using Wheel = TimerWheel<Entries>;
constexpr uint32_t kNoBudget = ~0u;

/// The wheel beside a sorted list. Time is counted from `start` so that ticks may wrap.
class Twins {
 public:
  Twins(uint32_t size, Tick start)
      : links_(size), deadline_(size), armed_(size), start_(start), wheel_({&links_}, start) {}

  void arm(uint32_t id, uint64_t deadline) {
    deadline_[id] = deadline;
    armed_[id] = sorted_.emplace(deadline, id);
    wheel_.arm(id, tick(deadline));
  }
  bool is_armed(uint32_t id) const {
    return armed_[id] != std::multimap<uint64_t, uint32_t>::iterator{};
  }
  void disarm(uint32_t id) {
    forget(id);
    wheel_.disarm(id);
  }
  void move(uint32_t id, uint64_t deadline) {
    forget(id);
    deadline_[id] = deadline;
    armed_[id] = sorted_.emplace(deadline, id);
    wheel_.move(id, tick(deadline));
  }
  /// What a packet does: the deadline gets later and the wheel is not told.
  void postpone(uint32_t id, uint64_t by) {
    forget(id);
    deadline_[id] += by;
    armed_[id] = sorted_.emplace(deadline_[id], id);
  }
  uint32_t advance(uint64_t now, uint32_t budget) {
    return wheel_.advance(tick(now), budget, [&](uint32_t id) -> Tick {
      if (deadline_[id] > now) return tick(deadline_[id]);
      forget(id);
      ++expired;
      return Wheel::kExpired;
    });
  }
  uint64_t first_deadline() const { return sorted_.empty() ? ~0ull : sorted_.begin()->first; }
  uint32_t lag(uint64_t now) const { return wheel_.lag(tick(now)); }

  uint64_t expired = 0;

 private:
  Tick tick(uint64_t time) const { return start_ + static_cast<Tick>(time); }
  void forget(uint32_t id) {
    sorted_.erase(armed_[id]);
    armed_[id] = {};
  }

  std::vector<Links> links_;
  std::vector<uint64_t> deadline_;
  std::vector<std::multimap<uint64_t, uint32_t>::iterator> armed_;
  std::multimap<uint64_t, uint32_t> sorted_;
  Tick start_;
  Wheel wheel_;
};

class TimerWheelTest : public testing::TestWithParam<Tick> {};

TEST_P(TimerWheelTest, ExpiresWhatASortedListWould) {
  constexpr uint32_t kEntries = 2'000;
  Twins twins(kEntries, GetParam());
  std::mt19937 random(5);
  uint64_t now = 0;
  // Beyond the horizon too.
  const auto later = [&] { return now + 1 + random() % (random() % 8 == 0 ? 40'000 : 2'000); };
  for (uint32_t step = 0; step < 1'000'000; ++step) {
    const uint32_t id = random() % kEntries;
    if (!twins.is_armed(id))
      twins.arm(id, later());
    else if (random() % 4 == 0)
      twins.disarm(id);
    else if (random() % 2 == 0)
      twins.move(id, later());
    else
      twins.postpone(id, random() % 2'000);
    if (random() % 4 != 0) continue;
    now += random() % 2 + (random() % 5'000 == 0 ? random() % 30'000 : 0);
    while (twins.lag(now) > 0) twins.advance(now, kNoBudget);
    ASSERT_GT(twins.first_deadline(), now) << "late";
  }
  EXPECT_GT(twins.expired, 1'000u);
}

// From zero, and across the wrap of the tick counter.
INSTANTIATE_TEST_SUITE_P(Starts, TimerWheelTest, testing::Values(0u, 0xffffff00u, 0x7fffff00u));

TEST(TimerWheel, IsNeverEarly) {
  for (const uint64_t deadline : {1u, 2u, 63u, 16'383u, 16'384u, 16'385u, 100'000u}) {
    Twins twins(1, 77);
    twins.arm(0, deadline);
    for (uint64_t now = 0; now < deadline; ++now) twins.advance(now, kNoBudget);
    EXPECT_EQ(twins.expired, 0u);
    twins.advance(deadline, kNoBudget);
    EXPECT_EQ(twins.expired, 1u) << deadline;
  }
}

TEST(TimerWheel, WhatIsOverdueComesWithTheNextTick) {
  Twins twins(2, 0);
  twins.advance(100, kNoBudget);
  twins.arm(0, 100);
  twins.arm(1, 3);
  twins.advance(101, kNoBudget);
  EXPECT_EQ(twins.expired, 2u);
}

TEST(TimerWheel, DoesNoMoreThanItsBudget) {
  constexpr uint32_t kEntries = 1'000;
  Twins twins(kEntries, 0);
  for (uint32_t id = 0; id < kEntries; ++id) twins.arm(id, 5 + id % 2);
  EXPECT_EQ(twins.advance(4, 32), 0u);
  uint32_t calls = 0;
  while (twins.lag(6) > 0) {
    const uint32_t visited = twins.advance(6, 32);
    ASSERT_LE(visited, 32u);
    ++calls;
  }
  EXPECT_EQ(twins.expired, kEntries);
  EXPECT_LE(calls, kEntries / 32 + 2);
}

TEST(TimerWheel, GoesOverEmptyTimeInBoundedSteps) {
  Twins twins(1, 0);
  twins.arm(0, 10'000);
  uint32_t calls = 0;
  while (twins.lag(12'000) > 0) {
    twins.advance(12'000, 1);
    ++calls;
  }
  EXPECT_EQ(twins.expired, 1u);
  EXPECT_GE(calls, 12'000 / Wheel::kMaxSlotsPerCall);
}

TEST(TimerWheel, ACallbackMayTakeOutItsNeighbours) {
  std::vector<Links> links(8);
  Wheel wheel({&links}, 0);
  for (uint32_t id = 0; id < 8; ++id) wheel.arm(id, 3);
  std::vector<uint32_t> seen;
  wheel.advance(3, kNoBudget, [&](uint32_t id) -> Tick {
    seen.push_back(id);
    if (seen.size() == 1)
      for (uint32_t other = 0; other < 8; ++other)
        if (other != id) wheel.disarm(other);
    return Wheel::kExpired;
  });
  EXPECT_EQ(seen.size(), 1u);
}

TEST(Ticks, ATimeOutIsNeverShorterThanAsked) {
  EXPECT_EQ(ticks_for_timeout(0), 1u);
  EXPECT_EQ(ticks_for_timeout(64), 2u);
  EXPECT_EQ(ticks_for_timeout(65), 3u);
  EXPECT_TRUE(tick_reached(5, 0xfffffff0u));
  EXPECT_FALSE(tick_reached(0xfffffff0u, 5));
}

}  // namespace
}  // namespace lbd
