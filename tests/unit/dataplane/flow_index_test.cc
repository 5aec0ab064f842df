// SPDX-License-Identifier: Apache-2.0
#include "dataplane/flow_index.h"

#include <gtest/gtest.h>

#include <bit>
#include <map>
#include <random>
#include <vector>

#include "dataplane/flow_hash.h"
#include "test_memory.h"

namespace lbd {
namespace {

TEST(FlowBucket, MatchesLikeItsScalarTwin) {
  std::mt19937 random(1);
  for (int round = 0; round < 200'000; ++round) {
    FlowBucket bucket{};
    for (uint32_t& print : bucket.fingerprint) print = random() % 5;
    const uint32_t wanted = random() % 5;
    ASSERT_EQ(bucket.match(wanted), bucket.match_scalar(wanted));
  }
}

TEST(FlowBucket, CountsItsOverflowBesideTheIds) {
  FlowBucket bucket{};
  for (unsigned slot = 0; slot < FlowBucket::kSlots; ++slot)
    bucket.set(slot, 7, (1u << FlowBucket::kIdBits) - 1 - slot, slot % 2);
  for (int i = 0; i < 200; ++i) bucket.add_overflow();
  for (unsigned slot = 0; slot < FlowBucket::kSlots; ++slot) {
    EXPECT_EQ(bucket.id(slot), (1u << FlowBucket::kIdBits) - 1 - slot);
    EXPECT_EQ(bucket.is_displaced(slot), slot % 2);
  }
  bucket.set(0, 9, 5, false);
  for (int i = 0; i < 200; ++i) {
    EXPECT_TRUE(bucket.has_overflow());
    bucket.remove_overflow();
  }
  EXPECT_FALSE(bucket.has_overflow());
  EXPECT_EQ(bucket.id(0), 5u);
}

TEST(FlowBucket, KeepsACountThatItLost) {
  FlowBucket bucket{};
  for (int i = 0; i < 300; ++i) bucket.add_overflow();
  for (int i = 0; i < 300; ++i) bucket.remove_overflow();
  EXPECT_TRUE(bucket.has_overflow());
}

/// Few buckets, few fingerprints: long chains of moves, chains that cross themselves, refusals.
TEST(FlowIndex, NeverLosesAnEntry) {
  constexpr uint32_t kBuckets = 16;
  std::vector<FlowBucket> buckets(kBuckets);
  FlowIndex index(buckets.data(), kBuckets);
  std::map<uint32_t, uint64_t> model;  // id -> hash
  std::mt19937_64 random(2);
  uint32_t refused = 0;
  const auto count = [&](uint64_t hash, uint32_t id) {
    const uint32_t print = FlowIndex::fingerprint(hash);
    unsigned found = 0;
    for (const uint32_t at : {index.first(hash), index.other(index.first(hash), print)})
      for (unsigned slot = 0; slot < FlowBucket::kSlots; ++slot)
        if (buckets[at].fingerprint[slot] == print && buckets[at].id(slot) == id) {
          ++found;
          EXPECT_EQ(buckets[at].is_displaced(slot), at != index.first(hash));
          EXPECT_TRUE(at == index.first(hash) || buckets[index.first(hash)].has_overflow());
        }
    return found;
  };
  for (uint32_t step = 0; step < 60'000; ++step) {
    const uint32_t id = random() % 300;
    if (model.contains(id)) {
      index.erase(model[id], id);
      model.erase(id);
    } else {
      const uint64_t hash = (random() % 40) << 32 | (random() % kBuckets);
      if (index.insert(hash, id))
        model[id] = hash;
      else
        ++refused;
    }
    for (const auto& [known, hash] : model) ASSERT_EQ(count(hash, known), 1u) << step;
  }
  EXPECT_GT(refused, 0u);
  for (const auto& [id, hash] : model) index.erase(hash, id);
  for (const FlowBucket& bucket : buckets) {
    EXPECT_EQ(bucket.match(0), 0xffu);
    EXPECT_FALSE(bucket.has_overflow()) << "counts go back to where they were";
  }
}

TEST(FlowIndex, SecondBucketIsMutual) {
  FlowIndex index(nullptr, 1u << 20);
  std::mt19937 random(3);
  for (int i = 0; i < 10'000; ++i) {
    const uint32_t bucket = random() % (1u << 20);
    const uint32_t print = random();
    ASSERT_NE(index.other(bucket, print), bucket);
    ASSERT_EQ(index.other(index.other(bucket, print), print), bucket);
  }
}

TEST(FlowIndex, IsNeverBuiltForMoreThanNinetyFivePercent) {
  for (uint32_t capacity = 1; capacity < 100'000; capacity += 7) {
    const uint64_t slots = uint64_t{FlowIndex::buckets_for(capacity)} * FlowBucket::kSlots;
    ASSERT_LE(capacity * 100ull, slots * 95) << capacity;
  }
}

TEST(FlowHash, SpreadsNeighbouringFlowsEvenly) {
  const FlowHash hash = test_hash();
  constexpr uint32_t kBuckets = 4'096;
  std::vector<uint32_t> low(kBuckets), high(kBuckets);
  for (uint32_t port = 0; port < 65'536; ++port) {
    const uint64_t value = hash(FlowKey::v4(0x0100000a, 0x0200000a, port, 6));
    ++low[value % kBuckets];
    ++high[value >> 52];
  }
  // 16 expected in each; chi-squared over 4095 degrees of freedom stays within six sigma.
  for (const auto& counts : {low, high}) {
    double chi = 0;
    for (const uint32_t count : counts) chi += (count - 16.0) * (count - 16.0) / 16.0;
    EXPECT_NEAR(chi, 4'095, 6 * 90.5);
  }
}

TEST(FlowHash, EveryBitOfTheKeyMatters) {
  for (const FlowKey& key : {test_key(1), test_key(3)}) {
    const FlowHash hash = test_hash();
    const uint64_t before = hash(key);
    for (unsigned bit = 0; bit < (key.is_v4() ? 64 : 256); ++bit) {
      FlowKey changed = key;
      changed.address[bit / 64] ^= uint64_t{1} << (bit % 64);
      const int flipped = std::popcount(hash(changed) ^ before);
      EXPECT_GT(flipped, 12) << bit;
      EXPECT_LT(flipped, 52) << bit;
    }
    EXPECT_NE(test_hash(1)(key), before) << "the seed decides";
  }
}

}  // namespace
}  // namespace lbd
