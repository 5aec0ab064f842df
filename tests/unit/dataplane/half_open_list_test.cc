// SPDX-License-Identifier: Apache-2.0
#include "dataplane/half_open_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>

#include "test_memory.h"

namespace lbd {
namespace {

TEST(HalfOpenList, IsAQueueFromWhichAnyMayLeave) {
  constexpr uint32_t kFlows = 100;
  TestMemory memory;
  ConnectionTable table = ConnectionTable::create(kFlows, test_hash(), memory.get()).value();
  std::deque<uint32_t> outside;
  for (uint32_t i = 0; i < kFlows; ++i)
    outside.push_back(table.insert(test_key(i), table.hash(test_key(i))));

  HalfOpenList list(table);
  EXPECT_EQ(list.oldest(), kNoConnection);
  std::deque<uint32_t> model;
  std::mt19937 random(1);
  for (int i = 0; i < 100'000; ++i) {
    if (!outside.empty() && random() % 2 == 0) {
      model.push_back(outside.front());
      outside.pop_front();
      list.append(model.back());
    } else if (!model.empty()) {
      const auto leaving = model.begin() + static_cast<long>(random() % model.size());
      outside.push_back(*leaving);
      list.remove(*leaving);
      model.erase(leaving);
    }
    ASSERT_EQ(list.size(), model.size());
    ASSERT_EQ(list.oldest(), model.empty() ? kNoConnection : model.front());
  }
  // All the rest leaves in the order in which it came.
  for (const uint32_t id : model) {
    ASSERT_EQ(list.oldest(), id);
    list.remove(id);
  }
  EXPECT_EQ(list.size(), 0u);
}

}  // namespace
}  // namespace lbd
