// SPDX-License-Identifier: Apache-2.0
#include "dataplane/token_bucket.h"

#include <gtest/gtest.h>

#include <random>

namespace lbd {
namespace {

constexpr uint64_t kHz = 2'000'000'000;

TEST(TokenBucket, BurstThenRate) {
  TokenBucket bucket(100, 5, kHz);
  uint64_t now = 3 * kHz;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(bucket.take(now));
  EXPECT_FALSE(bucket.take(now));
  now += kHz / 100 - 1;
  EXPECT_FALSE(bucket.take(now));
  now += 1;
  EXPECT_TRUE(bucket.take(now));
  EXPECT_FALSE(bucket.take(now));
}

TEST(TokenBucket, ALongPauseIsWorthOneBurst) {
  TokenBucket bucket(100, 5, kHz);
  uint64_t now = 0;
  for (int i = 0; i < 5; ++i) bucket.take(now);
  now += 1000 * kHz;
  unsigned taken = 0;
  for (int i = 0; i < 100; ++i) taken += bucket.take(now);
  EXPECT_EQ(taken, 5u);
}

TEST(TokenBucket, NeverMoreThanRateAndBurst) {
  TokenBucket bucket(1000, 10, kHz);
  std::mt19937_64 random(5);
  uint64_t now = 0;
  uint64_t taken = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    now += random() % (kHz / 4000);
    taken += bucket.take(now);
  }
  const uint64_t allowed = now / (kHz / 1000) + 10;
  EXPECT_LE(taken, allowed);
  EXPECT_GE(taken, allowed * 99 / 100);  // and nearly all of it: the bucket was asked too often
}

TEST(TokenBucket, ARateAboveTheClock) {
  TokenBucket bucket(10, 3, 1);  // a clock of one tick a second: one event a tick is what it can do
  EXPECT_TRUE(bucket.take(0));
  EXPECT_TRUE(bucket.take(0));
  EXPECT_TRUE(bucket.take(0));
  EXPECT_FALSE(bucket.take(0));
  EXPECT_TRUE(bucket.take(1));
}

}  // namespace
}  // namespace lbd
