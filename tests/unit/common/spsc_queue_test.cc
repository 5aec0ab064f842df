// SPDX-License-Identifier: Apache-2.0
#include "common/spsc_queue.h"

#include <gtest/gtest.h>

#include <thread>

namespace lbd {
namespace {

TEST(SpscQueue, HoldsAsManyAsItSays) {
  SpscQueue<int, 4> queue;
  int out = 0;
  EXPECT_FALSE(queue.pop(out));
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(queue.push(round * 10 + i));
    EXPECT_FALSE(queue.push(99));
    for (int i = 0; i < 4; ++i) {
      ASSERT_TRUE(queue.pop(out));
      EXPECT_EQ(out, round * 10 + i);
    }
    EXPECT_FALSE(queue.pop(out));
  }
}

TEST(SpscQueue, KeepsOrderBetweenThreads) {
  constexpr unsigned kCount = 200'000;
  SpscQueue<unsigned, 64> queue;
  std::thread producer([&queue] {
    for (unsigned i = 0; i < kCount; ++i)
      while (!queue.push(i)) std::this_thread::yield();
  });
  unsigned wrong = 0;
  for (unsigned expected = 0; expected < kCount; ++expected) {
    unsigned value = 0;
    while (!queue.pop(value)) std::this_thread::yield();
    wrong += value != expected;
  }
  producer.join();
  EXPECT_EQ(wrong, 0u);
}

}  // namespace
}  // namespace lbd
