// SPDX-License-Identifier: Apache-2.0
#include "dataplane/schedule/openings.h"

#include <gtest/gtest.h>

#include <random>

#include "dataplane/schedule/scheduler.h"

namespace lbd {
namespace {

constexpr Thresholds kOne{1, 1};

/// Servers by ids that are neither consecutive nor in order, some of weight 0, some without a
/// maximum.
std::vector<Candidate> scattered(uint32_t n, std::mt19937& random) {
  std::vector<ServerId> ids(3 * n);
  for (ServerId i = 0; i < ids.size(); ++i) ids[i] = i;
  std::ranges::shuffle(ids, random);
  std::vector<Candidate> out;
  for (uint32_t i = 0; i < n; ++i) {
    const uint32_t weight = random() % 6 ? 1 + random() % 3 : 0;
    out.push_back({ids[i], weight, i, Forwarding::kDr, 1, ids[i], random() % 5 != 0});
  }
  return out;
}

TEST(Openings, KnowWhoTakesConnections) {
  std::mt19937 random(5);
  for (const uint32_t n : {1u, 2u, 40u, 64u, 65u, 200u}) {
    const CandidateList list(scattered(n, random), CandidateList::Keep::kAll);
    ConnectionCounts counts(3 * n);
    Openings openings(list);
    const NewFlow flow{FlowKey{}, &counts, 0};
    for (int step = 0; step < 5'000; ++step) {
      const Candidate& server = list[random() % n];
      if (random() % 3 == 0 && active_of(counts.get(server.server)) > 0)
        counts.add(server.server, -kOneActive, kOne);
      else if (server.limited)
        (void)counts.try_add(server.server, kOneActive, kOne);
      if (random() % 4 == 0) continue;  // several changes between two looks
      const uint32_t from = random() % n;
      uint32_t want = n;
      for (uint32_t i = 0; i < n && want == n; ++i)
        if (!is_out(list[(from + i) % n], flow)) want = (from + i) % n;
      openings.refresh(flow, list);
      ASSERT_EQ(openings.take(from, flow, list), want) << n << " step " << step;
      uint32_t open = 0;
      for (uint32_t i = 0; i < n; ++i) open += openings.is_open(i);
      ASSERT_EQ(openings.count(), open);
    }
  }
}

TEST(Openings, AServerThatWasFullAndIsAsBeforeIsOpenAgain) {
  const std::vector<Candidate> one{{0, 1, 0, Forwarding::kDr, 1, 0, true}};
  const CandidateList list(one);
  ConnectionCounts counts(1);
  Openings openings(list);
  const NewFlow flow{FlowKey{}, &counts, 0};
  for (int i = 0; i < 3; ++i) {
    openings.refresh(flow, list);
    ASSERT_EQ(openings.take(0, flow, list), 0u);
    ASSERT_TRUE(counts.try_add(0, kOneActive, kOne));
    ASSERT_EQ(openings.take(0, flow, list), 1u) << "found full without a look at the numbers";
    counts.add(0, -kOneActive, kOne);
  }
}

/// What each scheduler gives out where all but a few servers are full is one of those few.
TEST(Schedulers, FindTheFewThatHaveRoom) {
  std::mt19937 random(9);
  for (unsigned i = 0; i < kSchedulerNames.size(); ++i) {
    const auto kind = static_cast<SchedulerKind>(i);
    if (kind == SchedulerKind::kSh || kind == SchedulerKind::kDh) continue;  // not by all servers
    const auto list = scattered(150, random);
    const SchedulerOptions options{true, false, 4093};
    const auto state =
        make_state(kind, list, 0, make_shared_schedule(kind, options, list, nullptr));
    ConnectionCounts counts(450);
    for (int step = 0; step < 3'000; ++step) {
      const FlowKey key = FlowKey::v4(random(), random() % 3, random(), 6);
      const NewFlow flow{key, &counts, 0};
      // ovf needs active <= weight too.
      const auto takes = [&](const Candidate& server) {
        return !is_out(server, flow) && (kind != SchedulerKind::kOvf ||
                                         active_of(counts.get(server.server)) <= server.weight);
      };
      const Candidate* got = state->pick(flow);
      ASSERT_EQ(got != nullptr, std::ranges::any_of(list, takes)) << name_of(kind) << " " << step;
      const Candidate& other = list[random() % list.size()];
      if (active_of(counts.get(other.server)) > 0) counts.add(other.server, -kOneActive, kOne);
      if (got == nullptr) continue;
      ASSERT_TRUE(takes(*got) || got->server == other.server) << name_of(kind) << " step " << step;
      if (got->limited)
        (void)counts.try_add(got->server, kOneActive, kOne);
      else
        counts.add(got->server, kOneActive, {});
      if (step % 5 == 0 && !got->limited) counts.add(got->server, -kOneActive, {});
    }
  }
}

}  // namespace
}  // namespace lbd
