// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "world.h"

namespace lbd::vrrp {
namespace {

Plan pair_of(uint8_t priority, uint32_t host) {
  Plan plan;
  plan.instances = {instance("A", 1, priority, host), instance("B", 2, priority, host)};
  plan.instances[0].tracks = {{"port p0", 0}};
  plan.instances[1].tracks = {{"port p1", 0}};
  plan.groups = {{"G", {"A", "B"}}};
  return plan;
}

void ports_up(Director& director, Time now) {
  director.router.track("port p0", true, now);
  director.router.track("port p1", true, now);
}

struct Pair {
  Pair() {
    ports_up(world.add(pair_of(200, 11)), world.now);
    world.run(milliseconds(500));
    ports_up(world.add(pair_of(100, 12)), world.now);
    world.run(milliseconds(1000));
  }
  bool first_holds(const char* name) { return world.directors[0]->holds(name); }
  bool second_holds(const char* name) { return world.directors[1]->holds(name); }
  World world;
};

TEST(SyncGroup, takes_over_only_when_all_want_to) {
  Pair pair;
  EXPECT_TRUE(pair.first_holds("A") && pair.first_holds("B"));
  EXPECT_FALSE(pair.second_holds("A") || pair.second_holds("B"));
}

TEST(SyncGroup, a_fault_of_one_moves_both_within_an_interval) {
  Pair pair;
  pair.world.directors[0]->router.track("port p1", false, pair.world.now);
  EXPECT_FALSE(pair.first_holds("A") || pair.first_holds("B"));
  pair.world.run(milliseconds(100));
  EXPECT_TRUE(pair.second_holds("A") && pair.second_holds("B"));
  // And back, when the port is.
  pair.world.directors[0]->router.track("port p1", true, pair.world.now);
  pair.world.run(milliseconds(1000));
  EXPECT_TRUE(pair.first_holds("A") && pair.first_holds("B"));
  EXPECT_EQ(pair.world.masters("A"), 1u);
  EXPECT_EQ(pair.world.masters("B"), 1u);
}

TEST(SyncGroup, a_step_down_of_one_takes_the_other_along) {
  Pair pair;
  Router& router = pair.world.directors[0]->router;
  router.find("A")->step_down(pair.world.now, "lbctl");
  router.settle(pair.world.now);
  EXPECT_FALSE(pair.first_holds("B"));
  pair.world.run(milliseconds(100));
  EXPECT_TRUE(pair.second_holds("A") && pair.second_holds("B"));
  pair.world.run(milliseconds(3000));
  EXPECT_TRUE(pair.second_holds("A") && pair.second_holds("B"));
}

TEST(SyncGroup, comes_back_after_a_stranger_on_one_network) {
  Pair pair;
  // A third router on B's network advertises a higher priority, once, and stops.
  const auto stranger = [&](uint8_t priority) {
    for (const auto& director : pair.world.directors) {
      director->router.find(1, Family::kIpv4, 2)
          ->receive({priority, 10, false}, IpAddress::v4_host(0xc0000299), pair.world.now);
      director->router.settle(pair.world.now);
    }
  };
  stranger(250);
  EXPECT_FALSE(pair.first_holds("A") || pair.first_holds("B"));
  pair.world.run(milliseconds(50));
  stranger(0);
  pair.world.run(milliseconds(5000));
  EXPECT_TRUE(pair.first_holds("A") && pair.first_holds("B"));
}

TEST(SyncGroup, tells_its_states) {
  Pair pair;
  Director& first = *pair.world.directors[0];
  first.log.clear();
  first.router.track("port p0", false, pair.world.now);
  EXPECT_EQ(std::ranges::count(first.log, "group G FAULT"), 1);
  first.router.track("port p0", true, pair.world.now);
  pair.world.run(milliseconds(2000));
  EXPECT_EQ(std::ranges::count(first.log, "group G BACKUP"), 1);
  EXPECT_EQ(std::ranges::count(first.log, "group G MASTER"), 1);
}

TEST(SyncGroup, is_told_once_over_reloads_and_of_its_stop) {
  Pair pair;
  Director& first = *pair.world.directors[0];
  first.log.clear();
  first.router.apply(pair_of(200, 11), pair.world.now);
  EXPECT_EQ(std::ranges::count(first.log, "group G MASTER"), 0) << "it was and is";
  Plan without = pair_of(200, 11);
  without.groups.clear();
  first.router.apply(without, pair.world.now);
  EXPECT_EQ(std::ranges::count(first.log, "group G INIT"), 1);
  first.router.apply(pair_of(200, 11), pair.world.now);
  EXPECT_EQ(std::ranges::count(first.log, "group G MASTER"), 1);
  first.router.stop(pair.world.now);
  EXPECT_EQ(std::ranges::count(first.log, "group G INIT"), 2);
}

TEST(SyncGroup, both_move_when_one_network_is_lost) {
  Pair pair;
  // The second director hears B no more: it may not split the group.
  std::erase_if(pair.world.wire, [](const Message& message) { return message.vrid == 2; });
  pair.world.directors[1]->router.find("B")->take_over(pair.world.now, "split");
  pair.world.directors[1]->router.settle(pair.world.now);
  pair.world.run(milliseconds(1000));
  EXPECT_EQ(pair.first_holds("A"), pair.first_holds("B"));
  EXPECT_EQ(pair.second_holds("A"), pair.second_holds("B"));
}

}  // namespace
}  // namespace lbd::vrrp
