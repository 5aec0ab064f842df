// SPDX-License-Identifier: Apache-2.0
#include "dataplane/connection_table.h"

#include <gtest/gtest.h>

#include <random>
#include <unordered_map>
#include <vector>

#include "dataplane/reply_directory.h"
#include "test_memory.h"

namespace lbd {
namespace {

struct Case {
  uint32_t capacity;
  uint32_t flows;  // how many different flows come along
  uint32_t operations;
};

/// The table beside std::unordered_map, the same operations on both.
class Twins {
 public:
  explicit Twins(const Case& which)
      : case_(which),
        table_(ConnectionTable::create(which.capacity, test_hash(), memory_.get()).value()) {}

  void step(Tick now) {
    const uint32_t flow = random_() % case_.flows;
    switch (random_() % 8) {
      case 0:
        return erase(flow);
      case 1:
        return look_up_burst();
      case 2:
        if (random_() % case_.capacity == 0) expire_before(now - now / 4);
        return;
      default:
        return touch(flow, now);
    }
  }

  void check_all() {
    ASSERT_EQ(table_.size(), model_.size());
    size_t seen = 0;
    for (uint32_t id = table_.next_used(0); id != kNoConnection; id = table_.next_used(id + 1)) {
      ++seen;
      ASSERT_EQ(model_.at(table_.at(id).server), id);
    }
    ASSERT_EQ(seen, model_.size());
    for (uint32_t flow = 0; flow < case_.flows; ++flow) ASSERT_EQ(find(flow), expected(flow));
  }

  bool was_full() const { return full_ > 0; }

 private:
  uint32_t find(uint32_t flow) {
    const FlowKey key = test_key(flow);
    return table_.find(key, table_.hash(key));
  }
  uint32_t expected(uint32_t flow) {
    const auto found = model_.find(flow);
    return found == model_.end() ? kNoConnection : found->second;
  }

  void touch(uint32_t flow, Tick now) {
    const FlowKey key = test_key(flow);
    uint32_t id = find(flow);
    ASSERT_EQ(id, expected(flow));
    if (id == kNoConnection) {
      id = table_.insert(key, table_.hash(key));
      ASSERT_EQ(id == kNoConnection, model_.size() == case_.capacity) << model_.size();
      if (id == kNoConnection) {
        ++full_;
        return;
      }
      ASSERT_EQ(table_.at(id).last_seen, 0u) << "a new connection is blank";
      table_.at(id).server = flow;
      model_[flow] = id;
    }
    table_.at(id).last_seen = now;
  }

  void erase(uint32_t flow) {
    const uint32_t id = find(flow);
    ASSERT_EQ(id, expected(flow));
    if (id == kNoConnection) return;
    table_.erase(id);
    model_.erase(flow);
  }

  void expire_before(Tick limit) {
    std::vector<uint32_t> old;
    for (uint32_t id = table_.next_used(0); id != kNoConnection; id = table_.next_used(id + 1))
      if (table_.at(id).last_seen < limit) old.push_back(id);
    for (const uint32_t id : old) model_.erase(table_.at(id).server);
    for (size_t i = 0; i < old.size(); i += kMaxBurst)
      table_.erase(&old[i], static_cast<unsigned>(std::min<size_t>(kMaxBurst, old.size() - i)));
  }

  void look_up_burst() {
    const unsigned n = random_() % (kMaxBurst + 1);
    uint32_t flows[kMaxBurst];
    FlowKey keys[kMaxBurst];
    uint64_t hashes[kMaxBurst];
    uint32_t ids[kMaxBurst];
    for (unsigned i = 0; i < n; ++i) keys[i] = test_key(flows[i] = random_() % case_.flows);
    table_.hash_and_prefetch(keys, n, hashes);
    table_.lookup(keys, hashes, n, ids);
    for (unsigned i = 0; i < n; ++i) ASSERT_EQ(ids[i], expected(flows[i]));
  }

  Case case_;
  TestMemory memory_;
  ConnectionTable table_;
  std::unordered_map<uint32_t, uint32_t> model_;  // flow -> id
  std::mt19937 random_{42};
  uint32_t full_ = 0;
};

class ConnectionTableTest : public testing::TestWithParam<Case> {};

TEST_P(ConnectionTableTest, DoesWhatAnUnorderedMapDoes) {
  Twins twins(GetParam());
  for (uint32_t i = 0; i < GetParam().operations; ++i) {
    twins.step(i);
    if (HasFatalFailure()) return;
  }
  twins.check_all();
  EXPECT_EQ(twins.was_full(), GetParam().flows > GetParam().capacity);
}

// 62,259 is 95 % of the 65,536 slots of its index: as full as an index ever gets.
INSTANTIATE_TEST_SUITE_P(Sizes, ConnectionTableTest,
                         testing::Values(Case{1, 3, 10'000}, Case{15, 40, 200'000},
                                         Case{1'000, 900, 1'000'000}, Case{1'000, 2'500, 1'000'000},
                                         Case{62'259, 150'000, 4'000'000}));

TEST(ConnectionTable, FillsToItsCapacityAtNinetyFivePercentLoad) {
  constexpr uint32_t kCapacity = 996'147;  // with replies 95 % of 2^21 slots
  constexpr uint32_t kReplies = 10'000'000;
  TestMemory memory;
  auto table = ConnectionTable::create(kCapacity, test_hash(), memory.get()).value();
  for (uint32_t round = 0; round < 2; ++round) {
    const uint32_t base = round * kCapacity;
    for (uint32_t i = 0; i < kCapacity; ++i) {
      const FlowKey key = test_key(base + i);
      const uint32_t id = table.insert(key, table.hash(key));
      ASSERT_NE(id, kNoConnection) << i;
      const FlowKey reply = test_key(kReplies + base + i);
      ASSERT_TRUE(table.insert_reply(id, reply, table.hash(reply))) << i;
    }
    EXPECT_EQ(table.replies(), kCapacity);
    const FlowKey extra = test_key(base + kCapacity);
    EXPECT_EQ(table.insert(extra, table.hash(extra)), kNoConnection);
    EXPECT_EQ(table.size(), kCapacity);
    for (uint32_t i = 0; i < kCapacity; ++i) {
      const FlowKey key = test_key(base + i);
      const uint32_t id = table.find(key, table.hash(key));
      ASSERT_NE(id, kNoConnection) << i;
      const FlowKey reply = test_key(kReplies + base + i);
      ASSERT_EQ(table.find(reply, table.hash(reply)), id | kReply);
      table.erase(id);
      ASSERT_EQ(table.find(reply, table.hash(reply)), kNoConnection);
    }
    EXPECT_EQ(table.next_used(0), kNoConnection);
    EXPECT_EQ(table.replies(), 0u);
  }
}

TEST(ConnectionTable, TellsFlowsOfOneHashApart) {
  TestMemory memory;
  auto table = ConnectionTable::create(1'000, test_hash(), memory.get()).value();
  constexpr uint64_t kHash = 0x1234567800000003ull;
  FlowKey keys[17];
  uint32_t ids[17];
  uint64_t hashes[17];
  for (uint32_t i = 0; i < 17; ++i) {
    keys[i] = test_key(i);
    hashes[i] = kHash;
    ids[i] = table.insert(keys[i], kHash);
    // Two buckets of eight, and none of their entries has anywhere else to go.
    ASSERT_EQ(ids[i] == kNoConnection, i == 16);
  }
  EXPECT_EQ(table.size(), 16u);
  uint32_t found[17];
  table.lookup(keys, hashes, 17, found);
  for (uint32_t i = 0; i < 17; ++i) {
    EXPECT_EQ(found[i], ids[i]);
    EXPECT_EQ(table.find(keys[i], kHash), ids[i]);
  }
}

TEST(ConnectionTable, TakesAtMost192BytesPerConnection) {
  for (const uint32_t capacity : {65'536u, 62'260u, 1'000'000u, 996'148u, 10'000'000u}) {
    TestMemory memory;
    EXPECT_LE(ConnectionTable::bytes_needed(capacity) / capacity, 192u) << capacity;
    if (capacity > 100'000) continue;
    ASSERT_TRUE(ConnectionTable::create(capacity, test_hash(), memory.get()));
    EXPECT_EQ(memory.used(), ConnectionTable::bytes_needed(capacity));
  }
}

/// With what a second worker has to know of replies by nat. Sizes of indexes are powers of two, so
/// the worst lies anywhere.
TEST(ConnectionTable, TakesAtMost192BytesPerConnectionOfTwoWorkers) {
  for (uint32_t capacity = 1'024; capacity < 30'000'000; capacity += capacity / 64) {
    const size_t table = ConnectionTable::bytes_needed(capacity);
    EXPECT_LE(table + ReplyDirectory::bytes_needed(capacity, 2), size_t{192} * capacity)
        << capacity;
  }
}

TEST(ConnectionTable, TellsRepliesFromTheirConnections) {
  TestMemory memory;
  auto table = ConnectionTable::create(100, test_hash(), memory.get()).value();
  const FlowKey keys[] = {test_key(1), test_key(2), test_key(3)};
  const uint32_t id = table.insert(keys[0], table.hash(keys[0]));
  ASSERT_TRUE(table.insert_reply(id, keys[1], table.hash(keys[1])));
  EXPECT_FALSE(table.insert_reply(id, keys[0], table.hash(keys[0]))) << "a tuple that is taken";
  uint64_t hashes[3];
  uint32_t found[3];
  table.hash_and_prefetch(keys, 3, hashes);
  table.lookup(keys, hashes, 3, found);
  EXPECT_EQ(found[0], id);
  EXPECT_EQ(found[1], id | kReply);
  EXPECT_EQ(found[2], kNoConnection);
}

TEST(FlowKey, Reversed) {
  const auto v4 = [](const char* a, const char* b) {
    return FlowKey::make(*Endpoint::parse(a), *Endpoint::parse(b), 17);
  };
  EXPECT_EQ(v4("10.0.0.1:80", "192.0.2.9:4000").reversed(), v4("192.0.2.9:4000", "10.0.0.1:80"));
  EXPECT_EQ(v4("[2001:db8::1]:80", "[2001:db8:c::9]:4000").reversed(),
            v4("[2001:db8:c::9]:4000", "[2001:db8::1]:80"));
}

TEST(ConnectionTable, SaysWhyItCannotBeMade) {
  TestMemory little(10'000);
  const auto no_memory = ConnectionTable::create(1'000, test_hash(), little.get());
  ASSERT_FALSE(no_memory);
  EXPECT_NE(no_memory.error().message.find("huge pages"), std::string::npos);
  EXPECT_FALSE(ConnectionTable::create(0, test_hash(), little.get()));
  EXPECT_FALSE(
      ConnectionTable::create(ConnectionTable::kMaxCapacity + 1, test_hash(), little.get()));
}

}  // namespace
}  // namespace lbd
