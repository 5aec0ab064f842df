// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <optional>
#include <random>

#include "dataplane/schedule/scheduler.h"

// Schedulers beside the rules of IPVS written down as plain loops over all servers, on random
// weights, loads, deaths, overloads and new lists.
namespace lbd {
namespace {

constexpr uint32_t kServers = 300;
constexpr ServerId kFirst = 100;

struct Server {
  uint32_t weight = 1;
  uint64_t active = 0;
  uint64_t inactive = 0;
  bool up = true;
  bool overloaded = false;

  bool takes() const { return up && weight > 0 && !overloaded; }
  uint64_t overhead() const { return active * 256 + inactive; }
};

using Servers = std::deque<Server>;
using Choice = std::optional<size_t>;

/// The first server for which no other one that takes connections is better.
template <class Better>
Choice first_best(const Servers& all, Better better) {
  Choice best;
  for (size_t i = 0; i < all.size(); ++i)
    if (all[i].takes() && (!best || better(all[i], all[*best]))) best = i;
  return best;
}

Choice lc(const Servers& all) {
  return first_best(all, [](auto& a, auto& b) { return a.overhead() < b.overhead(); });
}
Choice wlc(const Servers& all) {
  return first_best(
      all, [](auto& a, auto& b) { return a.overhead() * b.weight < b.overhead() * a.weight; });
}
Choice sed(const Servers& all) {
  return first_best(
      all, [](auto& a, auto& b) { return (a.active + 1) * b.weight < (b.active + 1) * a.weight; });
}
Choice nq(const Servers& all) {
  for (size_t i = 0; i < all.size(); ++i)
    if (all[i].takes() && all[i].active == 0) return i;
  return sed(all);
}
Choice fo(const Servers& all) {
  return first_best(all, [](auto& a, auto& b) { return a.weight > b.weight; });
}
Choice ovf(const Servers& all) {
  Servers room = all;
  for (Server& server : room) server.overloaded |= server.active > server.weight;
  return fo(room);
}

/// The world of one scheduler: it changes step by step, and after each step both are asked.
class Trial {
 public:
  Trial(SchedulerKind kind, unsigned seed)
      : kind_(kind), complete_(seed % 3 == 0), random_(seed), counts_(kFirst + kServers) {
    all_.resize(complete_ ? kServers : 1 + random_() % 40);
    for (Server& server : all_) server.weight = weight();
    publish();
  }

  void run(Choice (*oracle)(const Servers&), unsigned steps) {
    for (unsigned i = 0; i < steps; ++i) {
      change();
      const Candidate* got = state_->pick({FlowKey{}, &counts_, 0});
      const Choice want = oracle(all_);
      ASSERT_EQ(got != nullptr, want.has_value()) << name_of(kind_) << " step " << i;
      if (!want) continue;
      ASSERT_EQ(got->server, kFirst + *want) << name_of(kind_) << " step " << i;
      if (random_() % 4) load(*want, true, 1);
    }
  }

 private:
  uint32_t weight() {
    const uint32_t lightest = complete_ ? 1 : 0;
    return std::max<uint32_t>(lightest, random_() % 8 ? random_() % 5 : random_() % 65'536);
  }

  void load(size_t i, bool active, int64_t change) {
    (active ? all_[i].active : all_[i].inactive) += static_cast<uint64_t>(change);
    counts_.add(kFirst + static_cast<ServerId>(i),
                (active ? kOneActive : kOneInactive) * static_cast<uint64_t>(change), {0, 0});
    all_[i].overloaded = (counts_.get(kFirst + static_cast<ServerId>(i)) & kOverloaded) != 0;
  }

  void change() {
    const size_t i = random_() % all_.size();
    switch (random_() % 12) {
      case 0:
        all_[i].weight = weight();
        return publish();
      case 1:
        all_[i].up = complete_ || !all_[i].up;
        return publish();
      case 2:
        return overload(i);
      case 3:
      case 4:
        return load(i, false, 1 + random_() % 300);
      case 5:
      case 6:
      case 7:
        if (all_[i].active > 0) load(i, true, -1);
        return;
      case 8:
        if (all_[i].inactive > 0) load(i, false, -static_cast<int64_t>(all_[i].inactive));
        return;
      default:
        return load(i, true, 1);
    }
  }

  /// By a maximum that it has reached; the next change of its load relieves it.
  void overload(size_t i) {
    const auto id = kFirst + static_cast<ServerId>(i);
    if (total_of(counts_.get(id)) == 0) return;
    counts_.judge(id, {static_cast<uint32_t>(total_of(counts_.get(id))), 0});
    all_[i].overloaded = true;
  }

  void publish() {
    std::vector<Candidate> list;
    for (ServerId i = 0; i < all_.size(); ++i)
      if (all_[i].up) list.push_back({kFirst + i, all_[i].weight, i, Forwarding::kDr, 1, i, true});
    auto next = make_state(kind_, list, 0, make_shared_schedule(kind_, {}, list, nullptr));
    if (state_) next->adopt(*state_);
    state_ = std::move(next);
  }

  SchedulerKind kind_;
  bool complete_;  // all servers are always in the list: consecutive ids over many blocks
  std::mt19937 random_;
  ConnectionCounts counts_;
  Servers all_;
  std::unique_ptr<ScheduleState> state_;
};

TEST(SchedulersOfLoad, AgreeWithThePlainRules) {
  const std::pair<SchedulerKind, Choice (*)(const Servers&)> rules[] = {
      {SchedulerKind::kLc, lc}, {SchedulerKind::kWlc, wlc}, {SchedulerKind::kSed, sed},
      {SchedulerKind::kNq, nq}, {SchedulerKind::kFo, fo},   {SchedulerKind::kOvf, ovf}};
  for (const auto& [kind, rule] : rules)
    for (unsigned seed = 0; seed < 30; ++seed) {
      Trial(kind, seed).run(rule, 1'000);
      if (testing::Test::HasFatalFailure()) return;
    }
}

TEST(Schedulers, HaveNobodyWhereNobodyTakesConnections) {
  const ConnectionCounts counts(200);
  for (unsigned i = 0; i < kSchedulerNames.size(); ++i) {
    const auto kind = static_cast<SchedulerKind>(i);
    for (const auto& list : {std::vector<Candidate>{}, {{100, 0, 0}, {101, 0, 0}}}) {
      const auto state = make_state(kind, list, 1, make_shared_schedule(kind, {}, list, nullptr));
      EXPECT_EQ(state->pick({FlowKey{}, &counts, 0}), nullptr) << name_of(kind);
      EXPECT_EQ(state->kind(), kind);
    }
  }
}

TEST(Schedulers, PassOverAnOverloadedServer) {
  ConnectionCounts counts(200);
  const std::vector<Candidate> list{{100, 9, 0, Forwarding::kDr, 9, 1, true},
                                    {101, 1, 0, Forwarding::kDr, 1, 2, true}};
  ASSERT_TRUE(counts.try_add(100, kOneActive, {1, 0}));
  EXPECT_FALSE(counts.try_add(100, kOneActive, {1, 0}));
  for (unsigned i = 0; i < kSchedulerNames.size(); ++i) {
    const auto kind = static_cast<SchedulerKind>(i);
    const SchedulerOptions options{true, false, 4093};
    if (kind == SchedulerKind::kDh) continue;  // a destination has one server, which is out
    const auto state =
        make_state(kind, list, 0, make_shared_schedule(kind, options, list, nullptr));
    for (int k = 0; k < 50; ++k) {
      const FlowKey key = FlowKey::v4(static_cast<uint32_t>(k) * 77, 1, 2, 6);
      const Candidate* got = state->pick({key, &counts, 0});
      ASSERT_NE(got, nullptr) << name_of(kind);
      EXPECT_EQ(got->server, 101u) << name_of(kind);
    }
  }
}

TEST(Schedulers, SeeAtOnceThatAFullServerIsRelieved) {
  const Thresholds one{1, 1};
  for (unsigned i = 0; i < kSchedulerNames.size(); ++i) {
    const auto kind = static_cast<SchedulerKind>(i);
    if (kind == SchedulerKind::kDh) continue;  // a destination has one server
    ConnectionCounts counts(200);
    const std::vector<Candidate> list{{100, 9, 0, Forwarding::kDr, 9, 1, true},
                                      {101, 1, 0, Forwarding::kDr, 1, 2, true}};
    const SchedulerOptions options{true, false, 4093};
    const auto state =
        make_state(kind, list, 0, make_shared_schedule(kind, options, list, nullptr));
    for (const ServerId server : {100, 101}) ASSERT_TRUE(counts.try_add(server, kOneInactive, one));
    for (int k = 0; k < 10; ++k) {
      for (const ServerId server : {100, 101}) {
        EXPECT_EQ(state->pick({FlowKey{}, &counts, 0}), nullptr) << name_of(kind);
        EXPECT_EQ(state->pick({FlowKey{}, &counts, 0}), nullptr) << name_of(kind);
        counts.add(server, -kOneInactive, one);
        const Candidate* got = state->pick({FlowKey{}, &counts, 0});
        ASSERT_NE(got, nullptr) << name_of(kind);
        EXPECT_EQ(got->server, server) << name_of(kind);
        ASSERT_TRUE(counts.try_add(server, kOneInactive, one));
      }
    }
  }
}

TEST(WeightedRoundRobin, ARelievedServerHasItsShareAgain) {
  ConnectionCounts counts(200);
  std::vector<Candidate> list{{100, 2, 0}, {101, 1, 0}, {102, 1, 0}};
  for (Candidate& candidate : list) candidate.limited = true;
  const auto state = make_state(SchedulerKind::kWrr, list, 0, {});
  const auto round = [&](int picks) {
    std::map<ServerId, int> out;
    for (int i = 0; i < picks; ++i) ++out[state->pick({FlowKey{}, &counts, 0})->server];
    return out;
  };
  for (int k = 0; k < 20; ++k) {
    for (const ServerId full : {100, 101, 102}) {
      ASSERT_TRUE(counts.try_add(full, kOneActive, {1, 1}));
      const auto without = round(12);
      EXPECT_FALSE(without.contains(full));
      counts.add(full, -kOneActive, {1, 1});
      (void)round(4);  // it comes back to its place in the round
      EXPECT_EQ(round(8), (std::map<ServerId, int>{{100, 4}, {101, 2}, {102, 2}})) << full;
    }
  }
}

TEST(WeightedRoundRobin, KeepsTheRatioOfTheOthersWhileOneIsOverloaded) {
  ConnectionCounts counts(200);
  std::vector<Candidate> list{{100, 60'000, 0}, {101, 2, 0}, {102, 1, 0}};
  list[0].limited = true;
  ASSERT_TRUE(counts.try_add(100, kOneActive, {1, 0}));
  const auto state = make_state(SchedulerKind::kWrr, list, 0, {});
  std::map<ServerId, int> picked;
  for (int i = 0; i < 300; ++i) ++picked[state->pick({FlowKey{}, &counts, 0})->server];
  EXPECT_EQ(picked[101], 200);
  EXPECT_EQ(picked[102], 100);
  counts.add(100, -kOneActive, {1, 0});
  for (int i = 0; i < 1'000; ++i) ++picked[state->pick({FlowKey{}, &counts, 0})->server];
  EXPECT_GE(picked[100], 990);
}

TEST(ConnectionCounts, AFullServerTakesNoneUntilBelowItsMinimum) {
  for (const auto& [thresholds, back_at] :
       {std::pair<Thresholds, uint64_t>{{8, 0}, 5}, {{8, 4}, 3}, {{8, 8}, 7}, {{1, 0}, 0}}) {
    ConnectionCounts counts(1);
    while (counts.try_add(0, kOneInactive, thresholds)) {
    }
    EXPECT_EQ(total_of(counts.get(0)), thresholds.max);
    while (counts.get(0) & kOverloaded) counts.add(0, -kOneInactive, thresholds);
    EXPECT_EQ(total_of(counts.get(0)), back_at);
    EXPECT_TRUE(counts.try_add(0, kOneActive, thresholds));
  }
}

TEST(ConnectionCounts, NewThresholdsAreJudgedAtOnce) {
  ConnectionCounts counts(1);
  counts.add(0, 10 * kOneActive, {0, 0});
  counts.judge(0, {10, 0});
  EXPECT_TRUE(counts.get(0) & kOverloaded);
  counts.judge(0, {20, 0});
  EXPECT_FALSE(counts.get(0) & kOverloaded);
  counts.judge(0, {5, 0});
  counts.judge(0, {0, 0});
  EXPECT_EQ(counts.get(0), 10 * kOneActive);
}

}  // namespace
}  // namespace lbd
