// SPDX-License-Identifier: Apache-2.0
#include "dataplane/schedule/tournament.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace lbd {
namespace {

TEST(CostScale, KeepsTheOrderOfTheRatiosAndTheirEquality) {
  std::mt19937_64 random(3);
  for (const uint32_t highest : {1u, 2u, 3u, 7u, 100u, 4'096u, 65'535u}) {
    const CostScale scale(highest);
    ASSERT_GE(scale.limit(), (uint64_t{1} << (highest > 4'096 ? 32 : 40)) - 2) << highest;
    for (int i = 0; i < 20'000; ++i) {
      const auto weight = [&] { return static_cast<uint32_t>(1 + random() % highest); };
      const Ratio a{std::min(random() >> random() % 64, scale.limit()), weight()};
      // Neighbours, so that ratios differ by as little as they can.
      Ratio b{0, weight()};
      const auto same =
          static_cast<uint64_t>(static_cast<unsigned __int128>(a.load) * b.weight / a.weight);
      b.load = std::min(scale.limit(), same + random() % 2);
      const auto left = static_cast<unsigned __int128>(a.load) * b.weight;
      const auto right = static_cast<unsigned __int128>(b.load) * a.weight;
      ASSERT_EQ(scale.of(a) < scale.of(b), left < right) << a.load << "/" << a.weight;
      ASSERT_EQ(scale.of(a) == scale.of(b), left == right) << b.load << "/" << b.weight;
      ASSERT_LT(scale.of(a), kInfiniteCost);
    }
    EXPECT_EQ(scale.of(Ratio::infinite()), kInfiniteCost);
    EXPECT_EQ(scale.of({~uint64_t{0}, 1}), scale.of({scale.limit(), 1})) << "no overflow";
  }
}

TEST(Tournament, FindsTheFirstOfTheLeast) {
  std::mt19937 random(7);
  for (const uint32_t n : {1u, 2u, 3u, 4u, 5u, 16u, 17u, 63u, 64u, 65u, 255u, 257u, 1'000u}) {
    Tournament tournament(n);
    std::vector<Cost> plain(n, kInfiniteCost);
    EXPECT_EQ(tournament.least_cost(), kInfiniteCost);
    for (int i = 0; i < 5'000; ++i) {
      const uint32_t at = random() % n;
      plain[at] = random() % 8 ? random() % 5 : kInfiniteCost;
      tournament.set(at, plain[at]);
      const auto least = std::ranges::min_element(plain);
      ASSERT_EQ(tournament.least_cost(), *least) << n << " step " << i;
      if (*least == kInfiniteCost) continue;
      ASSERT_EQ(tournament.least(), least - plain.begin()) << n << " step " << i;
    }
  }
}

}  // namespace
}  // namespace lbd
