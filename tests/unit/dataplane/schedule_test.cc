// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <map>
#include <numeric>
#include <random>

#include "dataplane/schedule/scheduler.h"

namespace lbd {
namespace {

std::vector<Candidate> servers(const std::vector<uint32_t>& weights, uint32_t first_id = 100) {
  std::vector<Candidate> out;
  for (uint32_t i = 0; i < weights.size(); ++i) out.push_back({first_id + i, weights[i], i});
  return out;
}

std::unique_ptr<ScheduleState> make_state(SchedulerKind kind,
                                          const std::vector<Candidate>& candidates,
                                          unsigned worker) {
  return lbd::make_state(kind, candidates, worker,
                         make_shared_schedule(kind, {}, candidates, nullptr));
}

uint32_t pick(ScheduleState& state) {
  return state.pick({FlowKey{}, nullptr, 0})->server;
}

std::vector<uint32_t> picks(ScheduleState& state, unsigned n) {
  std::vector<uint32_t> out;
  for (unsigned i = 0; i < n; ++i) out.push_back(pick(state));
  return out;
}

TEST(RoundRobin, TakesTheNextAfterTheLast) {
  auto state = make_state(SchedulerKind::kRr, servers({1, 0, 5, 1}), 0);
  EXPECT_EQ(picks(*state, 5), (std::vector<uint32_t>{100, 102, 103, 100, 102}));
}

TEST(RoundRobin, WorkersBeginAtDifferentPlaces) {
  for (unsigned worker = 0; worker < 4; ++worker)
    EXPECT_EQ(pick(*make_state(SchedulerKind::kRr, servers({1, 1, 1}), worker)), 100 + worker % 3);
}

TEST(RoundRobin, GoesOnInANewList) {
  const auto old_list = servers({1, 1, 1, 1});
  const auto next_in = [&](std::vector<Candidate> list, unsigned picked) {
    auto old_state = make_state(SchedulerKind::kRr, old_list, 0);
    for (unsigned i = 0; i < picked; ++i) pick(*old_state);
    auto state = make_state(SchedulerKind::kRr, list, 2);
    state->adopt(*old_state);
    return pick(*state);
  };
  EXPECT_EQ(next_in(old_list, 2), 102u);
  EXPECT_EQ(next_in(servers({1, 1, 0, 1}), 2), 103u) << "102 is gone: the one after it";
  EXPECT_EQ(next_in({{103, 1, 0}, {7, 1, 0}, {102, 1, 0}}, 2), 102u) << "another order";
  EXPECT_EQ(next_in(servers({1, 1}), 2), 100u) << "the end of the list is gone";
  EXPECT_EQ(next_in({{7, 1, 0}, {8, 1, 0}, {9, 1, 0}}, 1), 9u) << "all new: the worker's own start";
}

/// Runs `n` picks and checks that each server never strays from its share: by `slack` picks and
/// its part of one step of every server.
void expect_in_proportion(ScheduleState& state, const std::vector<Candidate>& list, uint64_t n,
                          double slack) {
  uint64_t sum = 0;
  unsigned live = 0;
  for (const Candidate& each : list) sum += each.weight, live += each.weight > 0;
  std::map<uint32_t, uint64_t> count;
  for (uint64_t i = 1; i <= n; ++i) {
    const uint32_t server = pick(state);
    ++count[server];
    const double share = static_cast<double>(list[server - list[0].server].weight) / sum;
    ASSERT_LE(std::abs(count[server] - share * i), slack + share * live) << server << " at " << i;
  }
}

TEST(WeightedRoundRobin, ServesTwoToOneExactlyFromAnyWorker) {
  for (const auto& weights : {std::vector<uint32_t>{2, 1}, {20'000, 10'000}, {65'534, 32'767}})
    for (unsigned worker = 0; worker < 16; ++worker) {
      auto state = make_state(SchedulerKind::kWrr, servers(weights), worker);
      std::map<uint32_t, unsigned> count;
      for (const uint32_t server : picks(*state, 300)) ++count[server];
      EXPECT_EQ(count[100], 200u);
      EXPECT_EQ(count[101], 100u);
    }
}

TEST(WeightedRoundRobin, EveryWindowOfARoundIsExact) {
  for (const auto& weights : {std::vector<uint32_t>{5, 1, 1},
                              {3, 0, 7, 2, 2},
                              {1, 1, 1, 1},
                              {9},
                              {100, 1},
                              {17, 13, 11, 7, 5, 3, 2, 1}}) {
    const auto list = servers(weights);
    const auto round = std::accumulate(weights.begin(), weights.end(), 0u);
    auto state = make_state(SchedulerKind::kWrr, list, 3);
    std::deque<uint32_t> window;
    std::map<uint32_t, uint32_t> count;
    for (unsigned i = 0; i < 10 * round; ++i) {
      window.push_back(pick(*state));
      ++count[window.back()];
      if (window.size() < round) continue;
      for (size_t k = 0; k < weights.size(); ++k) ASSERT_EQ(count[100 + k], weights[k]);
      --count[window.front()];
      window.pop_front();
    }
  }
}

TEST(WeightedRoundRobin, OnlyTheRatioOfWeightsMatters) {
  for (unsigned worker = 0; worker < 8; ++worker) {
    auto state = make_state(SchedulerKind::kWrr, servers({5, 3, 2}), worker);
    auto large = make_state(SchedulerKind::kWrr, servers({50'000, 30'000, 20'000}), worker);
    EXPECT_EQ(picks(*state, 100), picks(*large, 100)) << worker;
  }
}

TEST(WeightedRoundRobin, SpreadsTurnsEvenly) {
  std::mt19937 random(6);
  for (int round = 0; round < 30; ++round) {
    std::vector<uint32_t> weights(1 + random() % 50);
    for (uint32_t& weight : weights) weight = random() % 3 ? random() % 100 : random() % 65'536;
    weights[0] = 1 + random() % 65'535;
    const auto list = servers(weights);
    auto state = make_state(SchedulerKind::kWrr, list, random() % 64);
    expect_in_proportion(*state, list, 20'000, 1.001);
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(WeightedRoundRobin, LongRunsAreExactAcrossTheWrapOfRounds) {
  auto state = make_state(SchedulerKind::kWrr, servers({65'535, 65'535, 65'535}), 0);
  std::map<uint32_t, uint32_t> count;
  for (uint32_t i = 0; i < 3 * 200'000; ++i) ++count[pick(*state)];
  for (const auto& [server, picked] : count) EXPECT_EQ(picked, 200'000u) << server;
}

TEST(WeightedRoundRobin, WorkersBeginAtDifferentPlaces) {
  std::map<std::vector<uint32_t>, unsigned> starts;
  for (unsigned worker = 0; worker < 8; ++worker) {
    auto state = make_state(SchedulerKind::kWrr, servers({3, 2, 2, 1, 1}), worker);
    auto again = make_state(SchedulerKind::kWrr, servers({3, 2, 2, 1, 1}), worker);
    const auto first = picks(*state, 9);
    EXPECT_EQ(first, picks(*again, 9)) << "the same worker always at the same";
    ++starts[first];
  }
  EXPECT_GE(starts.size(), 5u);
}

TEST(WeightedRoundRobin, PublishingTheSameListChangesNoProportion) {
  const auto list = servers({5, 2, 1});
  auto state = make_state(SchedulerKind::kWrr, list, 1);
  std::map<uint32_t, int> count;
  std::mt19937 random(8);
  for (int i = 0; i < 800; ++i) {
    if (random() % 2) {
      auto next = make_state(SchedulerKind::kWrr, list, 1);
      next->adopt(*state);
      state = std::move(next);
    }
    ++count[pick(*state)];
  }
  EXPECT_NEAR(count[100], 500, 1);
  EXPECT_NEAR(count[101], 200, 1);
  EXPECT_NEAR(count[102], 100, 1);
}

TEST(WeightedRoundRobin, ANewWeightOrNeighbourTakesNobodysTurn) {
  // The light server waits long for its turn; changes elsewhere must neither reset nor advance it.
  auto state = make_state(SchedulerKind::kWrr, servers({9, 1}), 0);
  std::map<uint32_t, int> count;
  for (int i = 0; i < 1'000; ++i) {
    auto next =
        make_state(SchedulerKind::kWrr, i % 2 ? servers({9, 1}) : servers({9, 1, 0, 0, 0}), 0);
    next->adopt(*state);
    state = std::move(next);
    ++count[pick(*state)];
  }
  EXPECT_NEAR(count[101], 100, 2);
  EXPECT_NEAR(count[100], 900, 2);
}

TEST(Schedulers, AdoptNothingFromAnotherKind) {
  auto rr = make_state(SchedulerKind::kRr, servers({1, 1, 1}), 0);
  pick(*rr);
  const ConnectionCounts counts(200);
  for (const auto kind : {SchedulerKind::kWrr, SchedulerKind::kLc}) {
    auto state = make_state(kind, servers({1, 1, 1}), 0);
    state->adopt(*rr);
    EXPECT_EQ(state->pick({FlowKey{}, &counts, 0})->server, 100u);
  }
}

}  // namespace
}  // namespace lbd
