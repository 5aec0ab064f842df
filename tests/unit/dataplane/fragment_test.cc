// SPDX-License-Identifier: Apache-2.0
#include "dataplane/fragment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <vector>

namespace lbd {
namespace {

/// The n-th fragment that a test makes is known by its ip_length.
Packet piece(uint16_t start, uint16_t end, bool more, uint32_t number) {
  Packet packet;
  packet.kind = Kind::kFragment;
  packet.fragmented = true;
  packet.fragment_offset = start;
  packet.fragment_end = end;
  packet.more_fragments = more;
  packet.ip_length = number;
  return packet;
}

FlowKey key_of(uint32_t id) {
  return FlowKey::v4(1, 2, id, 17);
}
uint64_t hash_of(uint32_t id) {
  return uint64_t{id} * 0x9e3779b97f4a7c15ull >> 7;
}

FragmentNote note(uint32_t id, uint16_t end, ServerId server) {
  return {key_of(id), {false, Forwarding::kDr, server, server, 0}, end};
}

std::vector<uint32_t> learn(FragmentTable& table, uint32_t id, uint16_t end, Tick now = 0) {
  std::vector<uint32_t> out;
  EXPECT_TRUE(
      table.learn(note(id, end, id), hash_of(id), now, [&](Packet& packet, const auto& way) {
        EXPECT_EQ(way.server, id);
        out.push_back(packet.ip_length);
      }));
  return out;
}

std::vector<uint32_t> expire(FragmentTable& table, Tick now) {
  std::vector<uint32_t> out;
  table.expire(now, [&](Packet& packet) { out.push_back(packet.ip_length); });
  return out;
}

TEST(Fragments, WaitForTheFirstAndFollowIt) {
  FragmentTable table({});
  EXPECT_TRUE(table.take(piece(160, 200, false, 1), key_of(7), hash_of(7), 0).held);
  EXPECT_TRUE(table.take(piece(80, 120, true, 2), key_of(7), hash_of(7), 0).held);
  EXPECT_EQ(table.held(), 2u);
  EXPECT_EQ(learn(table, 7, 80), (std::vector<uint32_t>{1, 2}));
  EXPECT_EQ(table.held(), 0u);
  const auto last = table.take(piece(120, 160, true, 3), key_of(7), hash_of(7), 0);
  ASSERT_NE(last.way, nullptr);
  EXPECT_EQ(last.way->server, 7u);
  // Complete, so forgotten: the same identification is another datagram.
  EXPECT_TRUE(table.take(piece(80, 120, true, 4), key_of(7), hash_of(7), 0).held);
}

TEST(Fragments, GivenUpOldestFirst) {
  FragmentLimits limits;
  limits.held = 3;
  limits.timeout = 10;
  FragmentTable table(limits);
  EXPECT_TRUE(table.take(piece(80, 160, true, 1), key_of(1), hash_of(1), 0).held);
  EXPECT_TRUE(table.take(piece(80, 160, true, 2), key_of(2), hash_of(2), 3).held);
  EXPECT_TRUE(table.take(piece(160, 240, true, 3), key_of(1), hash_of(1), 5).held);
  EXPECT_EQ(table.take(piece(80, 160, true, 4), key_of(4), hash_of(4), 6).drop,
            Verdict::kFragmentLimit);
  EXPECT_EQ(learn(table, 2, 80, 7), std::vector<uint32_t>{2});  // from the middle
  EXPECT_TRUE(expire(table, 9).empty());
  EXPECT_EQ(expire(table, 10), std::vector<uint32_t>{1});
  EXPECT_EQ(expire(table, 15), std::vector<uint32_t>{3});
  EXPECT_EQ(table.held(), 0u);
  for (uint32_t id = 10; id < 13; ++id)
    EXPECT_TRUE(table.take(piece(80, 160, true, id), key_of(id), hash_of(id), 20).held);
}

/// Against sets of bytes: what came, what waits, whether it is complete.
TEST(Fragments, LikeASlowTwin) {
  struct Twin {
    std::set<uint16_t> units;
    bool known = false;
    uint16_t length = 0;
    std::vector<uint32_t> waiting;
  };
  std::mt19937 random(5);
  FragmentLimits limits;
  limits.held = 64;
  FragmentTable table(limits);
  std::map<uint32_t, Twin> twins;
  for (uint32_t step = 1; step < 20000; ++step) {
    const uint32_t id = random() % 12;
    Twin& twin = twins[id];
    const auto start = static_cast<uint16_t>(random() % 6);
    const auto end = static_cast<uint16_t>(start + 1 + random() % 2);
    const bool last = end >= 7;
    std::set<uint16_t> mine;
    for (uint16_t unit = start; unit < end; ++unit) mine.insert(unit);
    const bool overlaps = std::any_of(mine.begin(), mine.end(),
                                      [&](uint16_t unit) { return twin.units.contains(unit); });
    if (start == 0) {
      const bool learnt = table.learn(note(id, static_cast<uint16_t>(end * 8), id), hash_of(id), 0,
                                      [&](Packet& packet, auto&) {
                                        ASSERT_FALSE(twin.waiting.empty());
                                        ASSERT_EQ(packet.ip_length, twin.waiting.front());
                                        twin.waiting.erase(twin.waiting.begin());
                                      });
      ASSERT_EQ(learnt, !overlaps) << step;
      if (overlaps) continue;
      ASSERT_TRUE(twin.waiting.empty());
      twin.known = true;
    } else {
      const auto answer = table.take(
          piece(static_cast<uint16_t>(start * 8), static_cast<uint16_t>(end * 8), !last, step),
          key_of(id), hash_of(id), 0);
      const bool beyond = twin.length != 0 && (end > twin.length || last);
      if (overlaps || beyond) {
        ASSERT_EQ(answer.drop, Verdict::kFragmentOverlap) << step;
        continue;
      }
      ASSERT_EQ(answer.held, !twin.known) << step;
      ASSERT_EQ(answer.way != nullptr, twin.known) << step;
      if (!twin.known) twin.waiting.push_back(step);
      if (last) twin.length = end;
    }
    twin.units.insert(mine.begin(), mine.end());
    if (twin.known && twin.length != 0 && twin.units.size() == twin.length) twin = Twin();
  }
}

}  // namespace
}  // namespace lbd
