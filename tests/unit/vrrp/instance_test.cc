// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "world.h"

namespace lbd::vrrp {
namespace {

using Log = std::vector<std::string>;

/// 3 intervals of 100 ms and the skew of priority 100.
constexpr Time kDown = milliseconds(300) + Time(100'000'000) * 156 / 256;

const Instance& only(const Director& director) {
  return *director.router.instances().front();
}

TEST(Instance, starts_as_backup_and_takes_over_when_nobody_is_heard) {
  World world;
  Director& a = world.add(instance("VI", 1, 100, 11));
  EXPECT_EQ(a.log, (Log{"VI drop", "VI BACKUP"}));
  a.log.clear();
  world.run(kDown - Time{1});
  EXPECT_EQ(a.log, Log{});
  world.run(Time{1});
  EXPECT_EQ(a.log, (Log{"VI send 100", "VI take", "VI MASTER"}));
  a.log.clear();
  world.run(milliseconds(9));
  EXPECT_EQ(a.log, Log{});
  // The kernel did not say that it has the addresses: announced all the same.
  world.run(milliseconds(1));
  EXPECT_EQ(a.log, Log(5, "VI announce"));
  world.run(milliseconds(4980));
  EXPECT_EQ(a.announced, 5u);
  world.run(milliseconds(20));
  EXPECT_EQ(a.announced, 10u);
}

TEST(Instance, announces_at_once_when_the_kernel_has_the_addresses) {
  World world;
  Director& a = world.add(instance("VI", 1, 100, 11));
  world.run(kDown);
  a.router.find("VI")->addresses_ready(world.now);
  world.run(Time{1});
  EXPECT_EQ(a.announced, 5u);
}

TEST(Instance, the_owner_is_master_at_once) {
  World world;
  Director& a = world.add(instance("VI", 1, 255, 11));
  EXPECT_EQ(a.log, (Log{"VI send 255", "VI take", "VI MASTER"}));
}

TEST(Instance, advertises_on_time_without_drift) {
  World world;
  Director& a = world.add(instance("VI", 1, 255, 11));
  world.run(milliseconds(10'000));
  EXPECT_EQ(only(a).counters().sent, 101u);
  world.now += milliseconds(130);  // somebody held the thread up
  a.router.fire(world.now);
  EXPECT_EQ(only(a).lateness().most, milliseconds(30));
  EXPECT_EQ(only(a).deadline(), world.now + milliseconds(70));
}

TEST(Instance, priority_zero_makes_the_backup_wait_for_its_skew_only) {
  World world;
  Director& a = world.add(instance("VI", 1, 200, 11));
  world.run(milliseconds(400));
  Director& b = world.add(instance("VI", 1, 100, 12));
  world.run(milliseconds(1000));
  ASSERT_TRUE(a.holds("VI"));
  ASSERT_FALSE(b.holds("VI"));
  a.router.stop(world.now);
  a.alive = false;
  EXPECT_FALSE(a.holds("VI"));
  world.run(Time(100'000'000) * 156 / 256);
  EXPECT_TRUE(b.holds("VI"));
  EXPECT_EQ(b.last_reason, "the master has stopped");
}

TEST(Instance, a_higher_one_preempts_and_nopreempt_waits) {
  for (const bool preempt : {true, false}) {
    World world;
    Director& a = world.add(instance("VI", 1, 100, 11));
    world.run(milliseconds(400));
    InstanceConfig better = instance("VI", 1, 200, 12);
    better.preempt = preempt;
    Director& b = world.add(better);
    world.run(milliseconds(2000));
    EXPECT_EQ(b.holds("VI"), preempt);
    EXPECT_EQ(a.holds("VI"), !preempt);
    EXPECT_EQ(world.masters(), 1u);
    a.alive = false;
    world.run(milliseconds(400));
    EXPECT_TRUE(b.holds("VI"));
  }
}

TEST(Instance, preempt_delay_begins_with_the_first_lower_advertisement) {
  World world;
  world.add(instance("VI", 1, 100, 11));
  world.run(milliseconds(400));
  InstanceConfig better = instance("VI", 1, 200, 12);
  better.preempt_delay = milliseconds(3000);
  Director& b = world.add(better);
  world.run(milliseconds(3000));
  EXPECT_FALSE(b.holds("VI"));
  world.run(milliseconds(500));
  EXPECT_TRUE(b.holds("VI"));
}

TEST(Instance, version_3_learns_the_interval_and_forgets_it_as_master) {
  World world;
  InstanceConfig slow = instance("VI", 1, 200, 11);
  slow.protocol.interval_cs = 100;
  Director& a = world.add(slow);
  world.run(milliseconds(4000));
  Director& b = world.add(instance("VI", 1, 100, 12));
  world.run(milliseconds(1000));
  EXPECT_EQ(only(b).master_interval(), milliseconds(1000));
  a.alive = false;
  world.run(milliseconds(2500));
  EXPECT_FALSE(b.holds("VI"));
  world.run(milliseconds(1200));
  EXPECT_TRUE(b.holds("VI"));
  EXPECT_EQ(only(b).master_interval(), milliseconds(100));
}

TEST(Instance, down_after_and_takeover_delay) {
  World world;
  InstanceConfig config = instance("VI", 1, 100, 11);
  config.down_after = 5;
  config.takeover_delay = milliseconds(70);
  Director& a = world.add(config);
  world.run(kDown + milliseconds(269));
  EXPECT_FALSE(a.holds("VI"));
  world.run(milliseconds(1));
  EXPECT_TRUE(a.holds("VI"));
}

TEST(Instance, two_masters_are_said_once_and_resolved) {
  World world;
  Director& a = world.add(instance("VI", 1, 100, 11));
  Director& b = world.add(instance("VI", 1, 100, 12));
  world.cut[1] = true;
  world.run(milliseconds(1000));
  ASSERT_EQ(world.masters(), 2u);
  const unsigned announced = b.announced;
  world.cut[1] = false;
  world.run(milliseconds(2000));
  EXPECT_TRUE(b.holds("VI"));  // the numerically higher address
  EXPECT_FALSE(a.holds("VI"));
  EXPECT_GE(only(b).counters().two_masters, 1u);
  ASSERT_EQ(b.notes.size(), 2u);
  EXPECT_EQ(b.notes[0],
            "two masters: 192.0.2.11 advertises priority 100, we have 100: we stay, and say so at "
            "once");
  EXPECT_EQ(b.notes[1], "no second master any more");
  EXPECT_GE(b.announced, announced + 5) << "switches hear of the healed network";
}

TEST(Instance, the_winner_announces_though_it_speaks_first) {
  World world;
  Director& a = world.add(instance("VI", 1, 200, 11));
  world.run(milliseconds(430));
  Director& b = world.add(instance("VI", 1, 100, 12));
  world.cut[1] = true;
  world.run(milliseconds(2000));
  ASSERT_EQ(world.masters(), 2u);
  const unsigned announced = a.announced;
  world.cut[1] = false;
  // The next one who speaks is a.
  b.router.find("VI")->receive({200, 10, false}, only(a).config().protocol.source, world.now);
  world.run(milliseconds(100));
  EXPECT_FALSE(b.holds("VI"));
  EXPECT_GE(a.announced, announced + 5);
  EXPECT_EQ(only(a).counters().two_masters, 1u);
}

TEST(Instance, who_preempts_sees_no_second_master_in_the_last_word) {
  World world;
  Director& b = world.add(instance("VI", 1, 100, 12));
  world.run(milliseconds(1000));
  ASSERT_TRUE(b.holds("VI"));
  Director& a = world.add(instance("VI", 1, 200, 11));
  world.run(milliseconds(2000));
  ASSERT_TRUE(a.holds("VI"));
  EXPECT_FALSE(b.holds("VI"));
  EXPECT_EQ(only(a).counters().two_masters, 0u);
  EXPECT_TRUE(a.notes.empty());
}

TEST(Instance, a_flood_of_weaker_advertisements_is_answered_at_a_bounded_rate) {
  World world;
  Director& a = world.add(instance("VI", 1, 200, 11));
  world.run(milliseconds(1000));
  const uint64_t before = only(a).counters().sent;
  const IpAddress stranger = IpAddress::v4_host(0xc0000263);
  for (int i = 0; i < 50'000; ++i) {
    world.now += std::chrono::microseconds(20);
    a.router.find("VI")->receive({static_cast<uint8_t>(i % 200), 10, false}, stranger, world.now);
    a.router.fire(world.now);
  }
  EXPECT_LE(only(a).counters().sent - before, 21u);
  EXPECT_TRUE(a.holds("VI"));
  EXPECT_LE(a.notes.size(), 1u);
}

TEST(Instance, tracked_weights_change_the_priority_and_rescale_the_timer) {
  World world;
  InstanceConfig config = instance("VI", 1, 100, 11);
  config.tracks = {{"port lan0", -60}, {"service web", 50}, {"script fatal", 0}};
  Director& a = world.add(config);
  EXPECT_EQ(only(a).state(), State::kFault);
  EXPECT_EQ(only(a).reason(), "script fatal is not known yet");
  a.router.track("script fatal", true, world.now);
  EXPECT_EQ(only(a).state(), State::kBackup);
  EXPECT_EQ(only(a).priority(), 100);
  EXPECT_EQ(only(a).deadline(), world.now + kDown);
  a.router.track("service web", true, world.now);
  EXPECT_EQ(only(a).priority(), 150);
  EXPECT_EQ(only(a).deadline(), world.now + milliseconds(300) + Time(100'000'000) * 106 / 256);
  a.router.track("port lan0", false, world.now);
  EXPECT_EQ(only(a).priority(), 90);
  EXPECT_EQ(only(a).tracking().explain(), "port lan0 is down: -60, service web is up: +50");
  world.run(milliseconds(500));
  ASSERT_TRUE(a.holds("VI"));
  a.log.clear();
  a.router.track("script fatal", false, world.now);
  EXPECT_EQ(a.log, (Log{"VI send 0", "VI drop", "VI FAULT"}));
}

TEST(Instance, who_lowers_its_priority_is_relieved_within_a_master_down_interval) {
  World world;
  InstanceConfig config = instance("VI", 1, 200, 11);
  config.tracks = {{"process nginx", -150}};
  Director& a = world.add(config);
  world.run(milliseconds(400));
  Director& b = world.add(instance("VI", 1, 100, 12));
  world.run(milliseconds(1050));
  a.router.track("process nginx", false, world.now);
  EXPECT_EQ(only(a).priority(), 50);
  // Its last advertisement of the higher priority began b's timer; the lower ones do not stop it.
  const Time latest = world.now + kDown;
  while (!b.holds("VI") && world.now < latest) world.run(milliseconds(1));
  EXPECT_TRUE(b.holds("VI"));
  world.run(milliseconds(1));
  EXPECT_FALSE(a.holds("VI")) << "b's first advertisement makes it step back";
}

TEST(Instance, clamps_and_owner) {
  Tracking tracking;
  tracking.configure(100, {{"a", 253}, {"b", -253}});
  tracking.set("a", true);
  EXPECT_EQ(tracking.priority(), 254);
  tracking.set("a", false);
  tracking.set("b", false);
  EXPECT_EQ(tracking.priority(), 1);
  tracking.configure(255, {{"a", 253}, {"b", -253}});
  EXPECT_EQ(tracking.priority(), 255);
  EXPECT_EQ(tracking.explain(), "");
}

TEST(Instance, step_down_hands_over_and_does_not_come_back_by_itself) {
  World world;
  Director& a = world.add(instance("VI", 1, 200, 11));
  world.run(milliseconds(400));
  Director& b = world.add(instance("VI", 1, 100, 12));
  world.run(milliseconds(500));
  a.router.find("VI")->step_down(world.now, "lbctl vrrp step-down");
  world.run(milliseconds(5000));
  EXPECT_TRUE(b.holds("VI"));
  EXPECT_FALSE(a.holds("VI"));
  b.alive = false;
  world.run(milliseconds(400));
  EXPECT_TRUE(a.holds("VI"));
}

TEST(Instance, the_master_that_is_shown_is_the_true_one) {
  World world;
  const IpAddress none;
  const IpAddress first = IpAddress::v4_host(0xc000020b);
  const IpAddress second = IpAddress::v4_host(0xc000020c);
  Director& a = world.add(instance("VI", 1, 200, 11));
  EXPECT_EQ(only(a).master(world.now), none);
  world.run(milliseconds(400));
  Director& b = world.add(instance("VI", 1, 100, 12));
  world.run(milliseconds(500));
  EXPECT_EQ(only(a).master(world.now), first);
  EXPECT_EQ(only(b).master(world.now), first);
  a.router.find("VI")->step_down(world.now, "lbctl vrrp step-down");
  EXPECT_EQ(only(a).master(world.now), none) << "nobody has spoken yet";
  world.run(milliseconds(1));
  EXPECT_EQ(only(b).master(world.now), none) << "the master said priority 0";
  world.run(milliseconds(100));
  EXPECT_EQ(only(a).master(world.now), second);
  a.router.set_maintenance(true, world.now);
  world.run(milliseconds(200));
  EXPECT_EQ(only(a).state(), State::kFault);
  EXPECT_EQ(only(a).master(world.now), second);
  b.alive = false;
  world.run(milliseconds(500));
  EXPECT_EQ(only(a).master(world.now), none) << "it has been silent for four intervals";
}

TEST(Instance, a_rival_that_lost_is_not_taken_for_the_next_master) {
  World world;
  Director& a = world.add(instance("VI", 1, 200, 11));
  world.run(milliseconds(400));
  a.router.find("VI")->receive({100, 10, false}, IpAddress::v4_host(0xc000020d), world.now);
  EXPECT_EQ(only(a).master(world.now), IpAddress::v4_host(0xc000020b));
  a.router.find("VI")->step_down(world.now, "lbctl vrrp step-down");
  EXPECT_EQ(only(a).master(world.now), IpAddress());
}

TEST(Instance, maintenance_is_a_fault_of_all_and_holds_for_new_ones) {
  World world;
  Director& a = world.add(instance("VI", 1, 255, 11));
  a.router.set_maintenance(true, world.now);
  EXPECT_EQ(only(a).state(), State::kFault);
  EXPECT_EQ(only(a).reason(), "maintenance");
  Plan plan;
  plan.instances = {instance("VI", 1, 255, 11), instance("other", 2, 255, 11)};
  a.router.apply(plan, world.now);
  EXPECT_EQ(a.router.find("other")->state(), State::kFault);
  a.router.set_maintenance(false, world.now);
  EXPECT_TRUE(a.holds("VI"));
  EXPECT_TRUE(a.holds("other"));
}

TEST(Instance, a_reload_keeps_state_and_says_goodbye_for_what_is_gone) {
  World world;
  Plan plan;
  plan.instances = {instance("VI", 1, 255, 11), instance("gone", 2, 255, 11)};
  Director& a = world.add(plan);
  world.run(milliseconds(1000));
  const uint64_t sent = a.router.find("VI")->counters().sent;
  a.log.clear();
  plan.instances.pop_back();
  plan.instances[0].name = "renamed";
  plan.instances[0].addresses.push_back(
      {Prefix{IpAddress::v4_host(0xc0000215), 32}, 1, 1, {}, true, nullptr});
  a.router.apply(plan, world.now);
  EXPECT_EQ(a.log, (Log{"gone send 0", "gone drop", "gone INIT", "renamed take"}));
  EXPECT_EQ(a.router.find("renamed")->counters().sent, sent);
  EXPECT_EQ(a.router.find("gone"), nullptr);
  const unsigned announced = a.announced;
  world.run(milliseconds(50));
  EXPECT_EQ(a.announced, announced + 10) << "two addresses, five times";
}

TEST(Announcements, many_addresses_go_out_in_lots) {
  Announcements many;
  Announcing config;
  config.repeat = 2;
  config.refresh = std::chrono::seconds(60);
  Time now{1'000'000'000};
  many.begin(now, 100, config);
  std::vector<size_t> sent;
  const auto send = [&](size_t index) { sent.push_back(index); };
  many.step(now, send);
  EXPECT_EQ(sent.size(), Announcements::kAtOnce);
  while (many.deadline() < Time{2'000'000'000}) many.step(now = many.deadline(), send);
  EXPECT_EQ(sent.size(), 200u);
  many.step(now = many.deadline(), send);  // after the delay, once more
  EXPECT_EQ(now, Time{6'000'000'000});
  while (many.deadline() < Time{10'000'000'000}) many.step(now = many.deadline(), send);
  EXPECT_EQ(sent.size(), 400u);
  many.step(now = many.deadline(), send);
  EXPECT_EQ(now, Time{61'000'000'000});
}

}  // namespace
}  // namespace lbd::vrrp
