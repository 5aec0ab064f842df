// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>

#include "dataplane/schedule/scheduler.h"

// Schedulers that go by a table or by chance: sh, dh, mh, lblc, lblcr, twos.
namespace lbd {
namespace {

std::vector<Candidate> servers(const std::vector<uint32_t>& weights) {
  std::vector<Candidate> out;
  for (uint32_t i = 0; i < weights.size(); ++i) {
    const auto endpoint = Endpoint{*IpAddress::parse("10.0.0." + std::to_string(i + 1)), 80};
    out.push_back({100 + i, weights[i], i, Forwarding::kDr, std::max(weights[i], 1u),
                   stable_identity(endpoint), false});
  }
  return out;
}

FlowKey flow(uint32_t client, uint16_t port = 1, uint32_t destination = 1) {
  return FlowKey::v4(client * 0x9e3779b1u, destination, port, 6);
}

struct Made {
  Made(SchedulerKind kind, const std::vector<Candidate>& list, SchedulerOptions options = {})
      : shared(make_shared_schedule(kind, options, list, nullptr)),
        state(make_state(kind, list, 0, shared)) {}
  ServerId pick(const FlowKey& key, Tick now = 0) {
    const Candidate* got = state->pick({key, &counts, now});
    return got == nullptr ? kNoId : got->server;
  }
  const Buckets& buckets() const { return shared.buckets->buckets(); }
  const CandidateList& list() const { return shared.buckets->list(); }

  ConnectionCounts counts{200};
  SharedSchedule shared;
  std::unique_ptr<ScheduleState> state;
};

TEST(SourceHash, GivesBucketsByWeightInARow) {
  // ip_vs_sh_reassign(): weight buckets each, round and round.
  const Made made(SchedulerKind::kSh, servers({3, 0, 1, 2}));
  const uint32_t row[] = {0, 0, 0, 1, 2, 2};  // positions among those with a weight
  for (uint32_t i = 0; i < kHashBuckets; ++i) ASSERT_EQ(made.buckets()[i], row[i % 6]) << i;
}

TEST(SourceHash, AClientHasOneServerWhateverItsPort) {
  Made plain(SchedulerKind::kSh, servers({1, 1, 1}));
  Made by_port(SchedulerKind::kSh, servers({1, 1, 1}), {false, true, 4093});
  std::set<ServerId> seen;
  for (uint32_t client = 0; client < 100; ++client) {
    const ServerId server = plain.pick(flow(client));
    std::set<ServerId> over_ports;
    for (uint16_t port = 1; port < 40; ++port) {
      EXPECT_EQ(plain.pick(flow(client, port)), server);
      over_ports.insert(by_port.pick(flow(client, port)));
    }
    EXPECT_EQ(over_ports.size(), 3u);
    seen.insert(server);
  }
  EXPECT_EQ(seen.size(), 3u);
}

TEST(SourceHash, FallbackMovesOnlyTheClientsOfTheServerThatIsOut) {
  Made before(SchedulerKind::kSh, servers({1, 1, 1, 1}), {true, false, 4093});
  auto drained = servers({1, 0, 1, 1});
  Made after(SchedulerKind::kSh, drained, {true, false, 4093});
  for (uint32_t client = 0; client < 1'000; ++client) {
    const ServerId was = before.pick(flow(client));
    const ServerId is = after.pick(flow(client));
    if (was == 101)
      EXPECT_EQ(is, 102u) << "the next bucket's";
    else
      EXPECT_EQ(is, was);
  }
}

TEST(DestinationHash, GoesByTheVirtualAddressAlone) {
  Made made(SchedulerKind::kDh, servers({1, 7, 1}));
  for (uint32_t i = 0; i < kHashBuckets; ++i) ASSERT_EQ(made.buckets()[i], i % 3);
  std::set<ServerId> seen;
  for (uint32_t destination = 0; destination < 100; ++destination) {
    const ServerId server = made.pick(flow(1, 1, destination));
    for (uint32_t client = 0; client < 20; ++client)
      EXPECT_EQ(made.pick(flow(client, 3, destination)), server);
    seen.insert(server);
  }
  EXPECT_EQ(seen.size(), 3u);
}

std::map<uint32_t, double> shares(const Buckets& buckets) {
  std::map<uint32_t, double> out;
  for (const uint32_t position : buckets)
    out[position] += 1.0 / static_cast<double>(buckets.size());
  return out;
}

TEST(Maglev, BalancesWithinTwoPercentAtTheDefaultSize) {
  for (const auto& weights : {std::vector<uint32_t>{1, 1, 1},
                              std::vector<uint32_t>(40, 1),
                              {100, 101, 3, 50},
                              {65'535, 32'767},
                              {5, 4, 3, 2, 1}}) {
    const Made made(SchedulerKind::kMh, servers(weights));
    double sum = 0;
    for (const uint32_t weight : weights) sum += weight;
    for (const auto& [position, share] : shares(made.buckets()))
      EXPECT_NEAR(share / (made.list()[position].weight / sum), 1, 0.02) << position;
  }
}

/// The part of the table that is another server's after server `gone` has left the file.
double moved(uint32_t n, uint32_t gone, uint32_t size) {
  auto list = servers(std::vector<uint32_t>(n, 1));
  const Buckets before = fill_maglev(CandidateList(list), size);
  list.erase(list.begin() + gone);
  const Buckets after = fill_maglev(CandidateList(list), size);
  double changed = 0;
  for (uint32_t i = 0; i < size; ++i) changed += before[i] != after[i] + (after[i] >= gone);
  return changed / size;
}

TEST(Maglev, AServerThatLeavesTakesLittleElseAlong) {
  for (uint32_t gone = 0; gone < 3; ++gone) {
    EXPECT_LE(moved(3, gone, 4093), 1.0 / 3 + 0.01);
    EXPECT_LE(moved(10, 3 * gone, 65'537), 1.0 / 10 + 0.01);
    EXPECT_LE(moved(50, 10 * gone, 65'537), 1.0 / 50 + 0.01);
  }
}

/// The table of those of `list` that are up, by identity.
std::vector<uint64_t> owners(const std::vector<Candidate>& list, const std::set<uint32_t>& down,
                             uint32_t size, const SharedSchedule* before = nullptr) {
  std::vector<Candidate> up, gone;
  for (uint32_t i = 0; i < list.size(); ++i) (down.contains(i) ? gone : up).push_back(list[i]);
  const SchedulerOptions options{false, false, size};
  const auto made = make_shared_schedule(SchedulerKind::kMh, options, up, before, gone);
  std::vector<uint64_t> out;
  for (const uint32_t position : made.buckets->buckets()) {
    const Candidate& owner = made.buckets->list()[position];
    EXPECT_FALSE(owner.down);
    out.push_back(owner.identity);
  }
  return out;
}

TEST(Maglev, AServerThatGoesDownTakesNothingAlong) {
  std::mt19937 random(4);
  for (const uint32_t n : {2u, 3u, 10u, 40u, 100u}) {
    std::vector<uint32_t> weights(n);
    for (uint32_t& weight : weights) weight = n == 40 ? 1 + random() % 5 : 1;
    const auto list = servers(weights);
    std::set<uint32_t> down;
    auto present = owners(list, down, 4093);
    // One after the other, until one is left.
    while (down.size() + 1 < n) {
      const uint32_t next = random() % n;
      if (!down.insert(next).second) continue;
      const auto after = owners(list, down, 4093);
      for (size_t i = 0; i < after.size(); ++i)
        if (present[i] != list[next].identity) ASSERT_EQ(after[i], present[i]) << n;
      present = after;
    }
  }
}

TEST(Maglev, WhoIsUpMakesTheTableAndNotHowItCameToBe) {
  const auto list = servers(std::vector<uint32_t>(20, 1));
  const SchedulerOptions options;
  SharedSchedule known = make_shared_schedule(SchedulerKind::kMh, options, list, nullptr);
  std::mt19937 random(8);
  for (int step = 0; step < 200; ++step) {
    std::vector<Candidate> up, gone;
    std::set<uint32_t> down;
    for (uint32_t i = 0; i < list.size(); ++i) {
      if (random() % 3 == 0) down.insert(i);
      (down.contains(i) ? gone : up).push_back(list[i]);
    }
    known = make_shared_schedule(SchedulerKind::kMh, options, up, &known, gone);
    auto reversed = up;
    std::reverse(reversed.begin(), reversed.end());
    const auto fresh = make_shared_schedule(SchedulerKind::kMh, options, reversed, nullptr, gone);
    ASSERT_EQ(known.buckets->buckets(), fresh.buckets->buckets()) << step;
  }
  const auto none = make_shared_schedule(SchedulerKind::kMh, options, {}, &known, list);
  EXPECT_TRUE(none.buckets->buckets().empty());
}

TEST(Maglev, TheOthersShareWhatOneHadByTheirWeights) {
  for (const auto& weights : {std::vector<uint32_t>{1, 1, 1},
                              std::vector<uint32_t>(40, 1),
                              {100, 101, 3, 50},
                              {5, 4, 3, 2, 1}}) {
    const auto list = servers(weights);
    double sum = 0;
    for (size_t i = 1; i < weights.size(); ++i) sum += weights[i];
    std::map<uint64_t, double> have;
    const auto table = owners(list, {0}, 4093);
    for (const uint64_t owner : table) have[owner] += 1;
    // Its buckets come on top of each server's own, both exact to one.
    for (size_t i = 1; i < weights.size(); ++i)
      EXPECT_NEAR(have[list[i].identity], weights[i] / sum * 4093, 2.1) << i;
  }
}

TEST(Maglev, WeightZeroReshufflesNothing) {
  const SchedulerOptions fallback{true, false, 4093};
  Made before(SchedulerKind::kMh, servers({1, 1, 1, 1}), fallback);
  Made after(SchedulerKind::kMh, servers({1, 0, 1, 1}), fallback);
  Made strict(SchedulerKind::kMh, servers({1, 0, 1, 1}));
  EXPECT_EQ(before.buckets(), after.buckets());
  std::map<ServerId, int> heirs;
  for (uint32_t client = 0; client < 3'000; ++client) {
    const ServerId was = before.pick(flow(client));
    const ServerId is = after.pick(flow(client));
    EXPECT_EQ(strict.pick(flow(client)), was == 101 ? kNoId : was);
    if (was == 101)
      ++heirs[is];
    else
      EXPECT_EQ(is, was);
  }
  EXPECT_EQ(heirs.size(), 3u) << "its clients spread over all others";
  EXPECT_FALSE(heirs.contains(101));
}

TEST(Maglev, TheOrderOfTheFileIsOfNoAccount) {
  auto list = servers({3, 1, 2, 2, 1});
  Made one(SchedulerKind::kMh, list);
  std::reverse(list.begin(), list.end());
  Made other(SchedulerKind::kMh, list);
  for (uint32_t client = 0; client < 1'000; ++client)
    EXPECT_EQ(one.pick(flow(client)), other.pick(flow(client)));
}

TEST(Maglev, TakesOverATableThatNeedsNoChange) {
  const auto list = servers({1, 1});
  const SharedSchedule before = make_shared_schedule(SchedulerKind::kMh, {}, list, nullptr);
  const auto heavier = servers({1, 3});
  EXPECT_EQ(
      make_shared_schedule(SchedulerKind::kMh, {}, servers({0, 1}), &before).buckets->buckets(),
      before.buckets->buckets());
  EXPECT_EQ(make_shared_schedule(SchedulerKind::kMh, {}, heavier, &before).buckets->buckets(),
            fill_maglev(CandidateList(heavier), 4093));
}

TEST(Lblc, StaysWithAServerUntilItIsOverloaded) {
  const auto list = servers({2, 4});
  Made made(SchedulerKind::kLblc, list);
  EXPECT_EQ(made.pick(flow(1, 1, 7)), 100u);
  made.counts.add(100, 2 * kOneActive, {});
  EXPECT_EQ(made.pick(flow(2, 1, 8)), 101u) << "wlc, for another address";
  EXPECT_EQ(made.pick(flow(3, 1, 7)), 100u) << "active is not above the weight";
  made.counts.add(100, kOneActive, {});
  made.counts.add(101, 2 * kOneActive, {});
  EXPECT_EQ(made.pick(flow(3, 1, 7)), 100u) << "nobody has less than half";
  made.counts.add(101, -kOneActive, {});
  EXPECT_EQ(made.pick(flow(3, 1, 7)), 101u);
  made.counts.add(100, -3 * kOneActive, {});
  EXPECT_EQ(made.pick(flow(3, 1, 7)), 101u) << "it has moved for good";
  EXPECT_EQ(made.pick(flow(3, 1, 7), kLocalityLife), 100u) << "unused for a day: forgotten";
}

TEST(Lblc, ADeadServersAddressesMoveAndAllWorkersAgree) {
  Made made(SchedulerKind::kLblc, servers({1, 1}));
  EXPECT_EQ(made.pick(flow(1, 1, 7)), 100u);
  made.counts.add(100, 9 * kOneActive, {});
  const auto other = make_state(SchedulerKind::kLblc, servers({1, 1}), 1, made.shared);
  made.counts.add(101, 9 * kOneActive, {});
  EXPECT_EQ(other->pick({flow(5, 1, 7), &made.counts, 0})->server, 100u);
  const auto without = make_state(SchedulerKind::kLblc, servers({0, 1}), 0, made.shared);
  EXPECT_EQ(without->pick({flow(5, 1, 7), &made.counts, 0})->server, 101u);
}

TEST(Lblcr, TheSetGrowsUnderLoadAndShedsWhenStable) {
  Made made(SchedulerKind::kLblcr, servers({2, 2, 2}));
  const auto pick = [&](Tick now) { return made.pick(flow(1, 1, 7), now); };
  EXPECT_EQ(pick(0), 100u);
  made.counts.add(100, 3 * kOneActive, {});
  EXPECT_EQ(pick(1), 101u) << "grown to {100, 101}";
  EXPECT_EQ(pick(2), 101u);
  made.counts.add(101, 4 * kOneActive, {});
  EXPECT_EQ(pick(3), 102u) << "grown to all three";
  made.counts.add(100, -3 * kOneActive, {});
  EXPECT_EQ(pick(4), 100u) << "the least loaded of the set";
  EXPECT_EQ(pick(3 + kLocalityLife), 100u) << "101, the most loaded, is out of the set now";
  made.counts.add(101, -4 * kOneActive, {});
  made.counts.add(100, 2 * kOneActive, {});
  made.counts.add(102, kOneActive, {});
  EXPECT_EQ(pick(4 + kLocalityLife), 102u);
}

TEST(Lblcr, AWorkersClockThatLagsForgetsAndShedsNothing) {
  Made made(SchedulerKind::kLblcr, servers({2, 1, 1}));
  EXPECT_EQ(made.pick(flow(1, 1, 7), 10), 100u);
  made.counts.add(100, 2 * kOneActive, {});
  EXPECT_EQ(made.pick(flow(1, 1, 7), 9), 100u)
      << "used a tick ahead of this clock is not a day ago";
  made.counts.add(100, kOneActive, {});
  EXPECT_EQ(made.pick(flow(1, 1, 7), 11), 101u) << "grown to {100, 101} at tick 11";
  EXPECT_EQ(made.pick(flow(1, 1, 7), 10), 101u);
  made.counts.add(101, 4 * kOneActive, {});
  made.counts.add(102, kOneActive, {});  // no room elsewhere: the set does not grow
  EXPECT_EQ(made.pick(flow(1, 1, 7), 11), 100u) << "and 100 is still in the set";
}

TEST(TwoChoices, FollowsTheProbabilitiesOfTwoDraws) {
  const std::vector<uint32_t> weights{5, 1, 3, 0, 7};
  const std::vector<uint64_t> active{10, 0, 1, 0, 30};
  Made made(SchedulerKind::kTwos, servers(weights));
  for (ServerId i = 0; i < active.size(); ++i) made.counts.add(100 + i, active[i] * kOneActive, {});
  // Straight from the rule: both draws independent by weight, the lighter one wins, the first of
  // equal ones.
  std::map<ServerId, double> expected;
  for (size_t a = 0; a < weights.size(); ++a)
    for (size_t b = 0; b < weights.size(); ++b) {
      const bool second = active[b] * weights[a] < active[a] * weights[b];
      expected[100 + static_cast<ServerId>(second ? b : a)] += weights[a] * weights[b] / 256.0;
    }
  constexpr int kPicks = 200'000;
  std::map<ServerId, int> picked;
  for (int i = 0; i < kPicks; ++i) ++picked[made.pick(flow(1))];
  for (const auto& [server, share] : expected)
    EXPECT_NEAR(picked[server], share * kPicks, 5 * std::sqrt(kPicks * share) + 1) << server;
  EXPECT_EQ(picked[103], 0);
}

}  // namespace
}  // namespace lbd
