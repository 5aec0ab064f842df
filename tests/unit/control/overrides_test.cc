// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "control/desired_state.h"
#include "make_services.h"

namespace lbd {
namespace {

using std::chrono::seconds;
using test::find_server;
using test::key_of;
using test::make_service;

const Clock::time_point kNow{seconds(1000)};
const OverrideKey kKey{"a", key_of("10.0.0.1")};

DesiredState start(uint32_t weight = 5) {
  return apply_services({}, {make_service("a", {{"10.0.0.1", weight}, {"10.0.0.2", 1}})}, kNow)
      .value();
}
Override weight_of(uint32_t weight) {
  return {weight, false, std::nullopt};
}
uint32_t weight(const DesiredState& state) {
  return find_server(state, "a", "10.0.0.1")->weight;
}

TEST(Overrides, BeatTheFileAndGiveItBack) {
  const auto set = set_override(start(), kKey, weight_of(9));
  EXPECT_EQ(weight(set), 9u);
  EXPECT_EQ(find_server(set, "a", "10.0.0.1")->configured_weight, 5u);
  EXPECT_EQ(find_server(set, "a", "10.0.0.2")->weight, 1u);
  EXPECT_EQ(weight(set_override(set, kKey, std::nullopt)), 5u);
}

TEST(Overrides, ZeroIsAnOverrideToo) {
  EXPECT_EQ(weight(set_override(start(), kKey, weight_of(0))), 0u);
}

TEST(Overrides, OutliveReloads) {
  const auto set = set_override(start(), kKey, weight_of(9));
  const auto after = apply_services(set, {make_service("a", {{"10.0.0.1", 7}})}, kNow).value();
  EXPECT_EQ(weight(after), 9u);
  EXPECT_EQ(find_server(after, "a", "10.0.0.1")->configured_weight, 7u);
  EXPECT_EQ(weight(set_override(after, kKey, std::nullopt)), 7u);
}

TEST(Overrides, OutliveTheServersAbsence) {
  const auto set = set_override(start(), kKey, weight_of(9));
  const auto removed = apply_services(set, {make_service("a", {})}, kNow).value();
  EXPECT_EQ(weight(removed), 0u);  // removed is removed, whatever an operator said
  const auto gone = release(start_purge(removed, {0, 1}), {0, 1});
  const auto back = apply_services(gone, {make_service("a", {{"10.0.0.1", 1}})}, kNow).value();
  EXPECT_EQ(weight(back), 9u);
}

TEST(Overrides, DrainStandsAboveTheWeight) {
  const auto drained = set_override(start(), kKey, Override{9, true, std::nullopt});
  EXPECT_EQ(weight(drained), 0u);
  EXPECT_EQ(weight(set_override(drained, kKey, Override{9, false, std::nullopt})), 9u);
}

TEST(Overrides, EndWhenTheirTimeHasPassed) {
  const auto set = set_override(start(), kKey, Override{9, false, kNow + seconds(30)});
  EXPECT_FALSE(has_expired_overrides(set, kNow + seconds(29)));
  EXPECT_EQ(weight(expire_overrides(set, kNow + seconds(29))), 9u);
  EXPECT_TRUE(has_expired_overrides(set, kNow + seconds(30)));
  const auto after = expire_overrides(set, kNow + seconds(30));
  EXPECT_EQ(weight(after), 5u);
  EXPECT_TRUE(after.overrides.empty());
}

TEST(Overrides, WithoutATimeNeverEnd) {
  const auto set = set_override(start(), kKey, weight_of(9));
  EXPECT_FALSE(has_expired_overrides(set, kNow + seconds(1'000'000)));
  EXPECT_EQ(weight(expire_overrides(set, kNow + seconds(1'000'000))), 9u);
}

TEST(Overrides, ADrainOutlivesTheTimeOfAWeight) {
  const auto set = set_override(start(), kKey, Override{9, true, kNow + seconds(30)});
  const auto after = expire_overrides(set, kNow + seconds(31));
  EXPECT_EQ(weight(after), 0u);
  EXPECT_FALSE(has_expired_overrides(after, kNow + seconds(60)));
  EXPECT_EQ(weight(set_override(after, kKey, std::nullopt)), 5u);
}

TEST(Overrides, OfAnUnknownServiceChangeNothing) {
  const auto set = set_override(start(), {"nobody", key_of("10.0.0.1")}, weight_of(9));
  EXPECT_EQ(weight(set), 5u);
}

}  // namespace
}  // namespace lbd
