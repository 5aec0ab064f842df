// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "control/health_memory.h"
#include "make_services.h"

namespace lbd {
namespace {

using std::chrono::seconds;
using test::find_server;
using test::key_of;
using test::make_service;

const Clock::time_point kNow{seconds(1000)};

config::Service checked(const std::string& name,
                        std::initializer_list<std::pair<const char*, uint32_t>> real_servers) {
  config::Service service = make_service(name, real_servers);
  service.scheduler = config::SchedulerKind::kWrr;
  service.health.checks = {config::HealthCheck{}};
  return service;
}
DesiredState apply(const std::vector<config::Service>& services, const DesiredState& before = {}) {
  return apply_services(before, services, kNow).value();
}
const RealServer& server(const DesiredState& state, const char* address) {
  return *find_server(state, "a", address);
}
DesiredState with(const DesiredState& before, const char* address, const ServerHealth& health) {
  return set_health(before, {{server(before, address).id, {"a", key_of(address)}, health}});
}
DesiredState up(const DesiredState& before, const char* address, bool is_up = true) {
  return with(before, address, {is_up, std::nullopt, 100});
}
uint32_t weight(const DesiredState& state, const char* address) {
  return server(state, address).weight;
}

TEST(HealthState, AServerJoinsAfterItsFirstSuccess) {
  const auto state = apply({checked("a", {{"10.0.0.1", 3}, {"10.0.0.2", 1}})});
  EXPECT_EQ(weight(state, "10.0.0.1"), 0u);
  const auto one = up(state, "10.0.0.1");
  EXPECT_EQ(weight(one, "10.0.0.1"), 3u);
  EXPECT_EQ(weight(one, "10.0.0.2"), 0u);
  EXPECT_EQ(weight(up(one, "10.0.0.1", false), "10.0.0.1"), 0u);
}

TEST(HealthState, InitialUpAndNoChecksAreUpAtOnce) {
  auto service = checked("a", {{"10.0.0.1", 1}, {"10.0.0.2", 1}});
  service.health.initial_up = true;
  EXPECT_EQ(weight(apply({service}), "10.0.0.1"), 1u);
  service.health.initial_up = false;
  service.real_servers[0].health.checks = config::HealthChecks{};  // a list of its own, empty
  EXPECT_EQ(weight(apply({service}), "10.0.0.1"), 1u);
  EXPECT_EQ(weight(apply({service}), "10.0.0.2"), 0u);
}

TEST(HealthState, TheMemoryOfARestartDecidesForTheFirstState) {
  auto service = checked("a", {{"10.0.0.1", 1}, {"10.0.0.2", 1}, {"10.0.0.3", 1}});
  DesiredState empty;
  empty.memory = std::make_shared<const HealthMemory>(HealthMemory{
      {{"a", key_of("10.0.0.1")}, {true, {}, {}}}, {{"a", key_of("10.0.0.2")}, {false, {}, {}}}});
  service.real_servers[2].health.checks = config::HealthChecks{};
  const auto state = apply({service}, empty);
  EXPECT_EQ(weight(state, "10.0.0.1"), 1u);
  EXPECT_EQ(weight(state, "10.0.0.2"), 0u);
  EXPECT_EQ(weight(state, "10.0.0.3"), 1u);
}

TEST(HealthState, TheMemoryHasACheckSWeightAndASlowStart) {
  auto service = checked("a", {{"10.0.0.1", 50}, {"10.0.0.2", 50}});
  service.health.slow_start = seconds(10);
  DesiredState empty;
  empty.memory = std::make_shared<const HealthMemory>(
      HealthMemory{{{"a", key_of("10.0.0.1")}, {true, 30, {}}},
                   {{"a", key_of("10.0.0.2")}, {true, {}, kNow - seconds(4)}}});
  EXPECT_EQ(server(apply({service}, empty), "10.0.0.1").health, (ServerHealth{true, {}, 100}))
      << "no check of it gives a weight any more";
  EXPECT_EQ(server(apply({service}, empty), "10.0.0.2").health, (ServerHealth{true, {}, 40}));
  service.health.checks[0].what = config::ExecCheck{{}, true};
  EXPECT_EQ(server(apply({service}, empty), "10.0.0.1").health, (ServerHealth{true, 30, 100}));
}

TEST(HealthMemory, IsReadAsItWasWritten) {
  const BothClocks before{kNow, std::chrono::system_clock::time_point(seconds(5000))};
  const HealthMemory memory{{{"a", key_of("10.0.0.1")}, {true, 30, {}}},
                            {{"a", key_of("10.0.0.2")}, {false, {}, {}}},
                            {{"b", key_of("10.0.0.1")}, {true, {}, kNow - seconds(4)}}};
  auto json = health_to_json(memory, before);
  EXPECT_EQ(health_from_json(json, before), memory);
  // Another process, 3 s later by the wall: its steady clock is anywhere.
  const BothClocks after{Clock::time_point(seconds(70)), before.wall + seconds(3)};
  const OverrideKey ramping{"b", key_of("10.0.0.1")};
  EXPECT_EQ(health_from_json(json, after).at(ramping).ramp_begun,
            Clock::time_point(seconds(70 - 7)));
  const BothClocks set_back{kNow, before.wall - seconds(3600)};
  EXPECT_EQ(health_from_json(json, set_back).at(ramping).ramp_begun, kNow);
}

TEST(HealthMemory, WhatCannotBeReadIsLeftOut) {
  const auto read = [](const char* text) {
    return health_from_json(nlohmann::ordered_json::parse(text), {}).size();
  };
  EXPECT_EQ(read(R"(null)"), 0u);
  EXPECT_EQ(read(R"({"a": 1})"), 0u);
  EXPECT_EQ(read(R"([1, {}, {"service": 1, "server": "10.0.0.1", "up": true}])"), 0u);
  EXPECT_EQ(read(R"([{"service": "a", "server": "web", "up": true}])"), 0u);
  EXPECT_EQ(read(R"([{"service": "a", "server": "10.0.0.1", "up": 1}])"), 0u);
  EXPECT_EQ(read(R"([{"service": "a", "server": "10.0.0.1", "up": true, "weight": 254}])"), 0u);
  EXPECT_EQ(read(R"([{"service": "a", "server": "10.0.0.1", "up": true, "weight": 253}, 7])"), 1u);
}

TEST(HealthState, AReloadKeepsWhatChecksHaveFound) {
  const auto service = checked("a", {{"10.0.0.1", 1}, {"10.0.0.2", 1}});
  const auto state = up(apply({service}), "10.0.0.1");
  auto changed = checked("a", {{"10.0.0.1", 7}, {"10.0.0.2", 1}, {"10.0.0.3", 1}});
  changed.health.checks[0].retries = 9;
  const auto after = apply({changed}, state);
  EXPECT_EQ(weight(after, "10.0.0.1"), 7u);
  EXPECT_EQ(weight(after, "10.0.0.2"), 0u);
  EXPECT_EQ(weight(after, "10.0.0.3"), 0u);
  // Without checks a server is up.
  EXPECT_EQ(weight(apply({make_service("a", {{"10.0.0.2", 1}})}, after), "10.0.0.2"), 1u);
}

TEST(HealthState, AnUpdateForAnIdThatIsAnothersNowIsDropped) {
  const auto state = apply({checked("a", {{"10.0.0.1", 1}, {"10.0.0.2", 1}})});
  const auto after = set_health(
      state, {{server(state, "10.0.0.1").id, {"a", key_of("10.0.0.9")}, {}}, {77, {}, {}}});
  EXPECT_EQ(weight(after, "10.0.0.1"), 0u);
}

TEST(EffectiveWeight, TheRuleFromTheTop) {
  auto state = up(apply({checked("a", {{"10.0.0.1", 5}, {"10.0.0.2", 1}})}), "10.0.0.1");
  state = with(state, "10.0.0.1", {true, 40, 100});
  EXPECT_EQ(weight(state, "10.0.0.1"), 40u);  // the check's, not the file's
  const OverrideKey key{"a", key_of("10.0.0.1")};
  state = set_override(state, key, Override{9, false, std::nullopt});
  EXPECT_EQ(weight(state, "10.0.0.1"), 9u);  // the operator's, not the check's
  state = with(state, "10.0.0.1", {true, 40, 10});
  EXPECT_EQ(weight(state, "10.0.0.1"), 9u * state.find("a")->weight_scale);      // as it is
  EXPECT_EQ(weight(with(state, "10.0.0.1", {false, 40, 100}), "10.0.0.1"), 0u);  // down is down
  EXPECT_EQ(weight(set_override(state, key, Override{9, true, std::nullopt}), "10.0.0.1"), 0u);
  EXPECT_EQ(weight(with(state, "10.0.0.1", {true, 0, 100}), "10.0.0.1"), 9u);
  EXPECT_EQ(
      weight(with(set_override(state, key, std::nullopt), "10.0.0.1", {true, 0, 100}), "10.0.0.1"),
      0u);  // a check may quiesce
}

TEST(EffectiveWeight, SlowStartIsFinerThanWeights) {
  auto service = checked("a", {{"10.0.0.1", 1}, {"10.0.0.2", 2}});
  service.health.slow_start = seconds(10);
  auto state = up(up(apply({service}), "10.0.0.1"), "10.0.0.2");
  EXPECT_EQ(state.find("a")->weight_scale, 1u);
  state = with(state, "10.0.0.1", {true, std::nullopt, 10});
  EXPECT_EQ(state.find("a")->weight_scale, 100u);
  EXPECT_EQ(weight(state, "10.0.0.1"), 10u);
  EXPECT_EQ(weight(state, "10.0.0.2"), 200u);
  // No weight leaves its range.
  service.real_servers[1].weight = 65535;
  state = apply({service}, state);
  EXPECT_EQ(weight(state, "10.0.0.2"), 65535u);
  EXPECT_EQ(weight(state, "10.0.0.1"), 1u);
}

TEST(EffectiveWeight, AServerThatJoinsAServiceAtWorkComesSlowly) {
  auto service = make_service("a", {{"10.0.0.1", 1}});
  service.health.slow_start = seconds(10);
  const auto state = apply({service});
  EXPECT_EQ(server(state, "10.0.0.1").health.ramp_percent, 100);
  service.real_servers.push_back(make_service("a", {{"10.0.0.2", 1}}).real_servers[0]);
  const auto after = apply({service}, state);
  EXPECT_EQ(server(after, "10.0.0.1").health.ramp_percent, 100);
  EXPECT_EQ(server(after, "10.0.0.2").health.ramp_percent, 1);
  service.health.slow_start = seconds(0);
  EXPECT_EQ(server(apply({service}, after), "10.0.0.2").health.ramp_percent, 100);
}

/// Quorum 3 of 5 with hysteresis 1: gained at 4, lost below 2.
TEST(Quorum, ThreeOfFiveWithHysteresis) {
  auto service = checked(
      "a", {{"10.0.0.1", 1}, {"10.0.0.2", 1}, {"10.0.0.3", 1}, {"10.0.0.4", 1}, {"10.0.0.5", 1}});
  service.health.quorum.weight = 3;
  service.health.quorum.hysteresis = 1;
  service.health.sorry_server = config::SorryServer{*IpAddress::parse("10.0.0.99"), 80};
  auto state = apply({service});
  const char* const names[] = {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"};
  struct Row {
    unsigned live;
    bool quorum;
  };
  for (const Row& row : {Row{0, false},
                         {1, false},
                         {2, false},
                         {3, false},
                         {4, true},
                         {5, true},
                         {4, true},
                         {3, true},
                         {2, true},
                         {1, false},
                         {2, false},
                         {3, false},
                         {4, true},
                         {2, true},
                         {0, false},
                         {5, true},
                         {0, false}}) {
    for (unsigned i = 0; i < 5; ++i) state = up(state, names[i], i < row.live);
    EXPECT_EQ(state.find("a")->has_quorum, row.quorum) << row.live;
    const RealServer& sorry = state.find("a")->servers.back();
    EXPECT_EQ(sorry.weight, row.quorum ? 0u : 1u);
    for (unsigned i = 0; i < 5; ++i)
      EXPECT_EQ(weight(state, names[i]), row.quorum && i < row.live ? 1u : 0u);
  }
}

TEST(Quorum, WithoutASorryServerTheLiveGoOn) {
  auto service = checked("a", {{"10.0.0.1", 1}, {"10.0.0.2", 1}});
  service.health.quorum.weight = 2;
  const auto state = up(apply({service}), "10.0.0.1");
  EXPECT_FALSE(state.find("a")->has_quorum);
  EXPECT_EQ(weight(state, "10.0.0.1"), 1u);
}

TEST(Quorum, CountsWeightsWithoutSlowStartAndOperatorsWord) {
  auto service = checked("a", {{"10.0.0.1", 4}, {"10.0.0.2", 1}});
  service.health.quorum.weight = 4;
  service.health.slow_start = seconds(10);
  auto state = with(apply({service}), "10.0.0.1", {true, std::nullopt, 1});
  EXPECT_TRUE(state.find("a")->has_quorum);
  state = set_override(state, {"a", key_of("10.0.0.1")}, Override{3, false, std::nullopt});
  EXPECT_FALSE(state.find("a")->has_quorum);
}

TEST(Inhibited, AFailedServerIsOfferedWithWeightZero) {
  auto service = checked("a", {{"10.0.0.1", 4}, {"10.0.0.2", 1}});
  service.real_servers[0].health.inhibit_on_failure = true;
  const auto state = apply({service});
  EXPECT_EQ(weight(state, "10.0.0.1"), 0u);
  EXPECT_TRUE(server(state, "10.0.0.1").offered);
  EXPECT_FALSE(server(state, "10.0.0.2").offered);
}

TEST(OnRemoval, ResetLeavesClientsLittleTime) {
  auto service = make_service("a", {{"10.0.0.1", 1}});
  service.drain_timeout = seconds(300);
  service.health.on_removal = config::OnRemoval::kReset;
  EXPECT_EQ(apply({service}).find("a")->drain_timeout, kResetGrace);
  service.drain_timeout = seconds(1);
  EXPECT_EQ(apply({service}).find("a")->drain_timeout, seconds(1));
}

TEST(SorryServer, LivesAsServersDo) {
  auto service = checked("a", {{"10.0.0.1", 1}});
  service.health.sorry_server = config::SorryServer{*IpAddress::parse("10.0.0.99"), 80};
  const auto state = apply({service});
  const ServerId id = state.find("a")->servers.back().id;
  EXPECT_EQ(state.owner[id], state.find("a")->id);
  EXPECT_EQ(apply({service}, state).find("a")->servers.back().id, id);
  service.health.sorry_server.reset();
  const auto after = apply({service}, state);
  EXPECT_EQ(after.find("a")->servers.back().life, ServerLife::kRemoved);
  EXPECT_EQ(after.find("a")->servers.back().weight, 0u);
}

}  // namespace
}  // namespace lbd
