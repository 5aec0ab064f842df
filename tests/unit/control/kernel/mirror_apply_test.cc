// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <algorithm>

#include "kernel_lab.h"

namespace lbd::test {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::vector<std::string> kNames{"tap0", "tap1"};

config::Route route(const char* to, const char* via, const char* port = "", uint32_t metric = 0) {
  config::Route out;
  out.to = prefix(to);
  if (*via != '\0') out.via = ip(via);
  out.port = port;
  out.metric = metric;
  return out;
}

class MirrorApply : public MirrorTest {
 protected:
  void SetUp() override {
    MirrorTest::SetUp();
    if (!IsSkipped()) start_mirror();
  }
  bool has(PortIndex port, const char* address) const {
    const auto all = mirror_->local_addresses();
    return std::ranges::find(all, LocalAddress{port, prefix(address)}) != all.end();
  }
};

TEST_F(MirrorApply, AddressesAreSeenWhoeverPutThem) {
  int changes = 0;
  mirror_->on_addresses_changed([&] { ++changes; });
  EXPECT_TRUE(has(kTap0, "10.0.0.1/24"));
  EXPECT_TRUE(has(kTap0, "2001:db8::1/64"));
  run("ip addr add 10.0.0.50/32 dev tap0");
  EXPECT_TRUE(await([&] { return has(kTap0, "10.0.0.50/32"); }));
  EXPECT_EQ(changes, 1);
  run("ip addr del 10.0.0.50/32 dev tap0");
  EXPECT_TRUE(await([&] { return !has(kTap0, "10.0.0.50/32"); }));
  EXPECT_EQ(changes, 2);
}

TEST_F(MirrorApply, AddressesArePutAndTakenAway) {
  ASSERT_TRUE(mirror_->apply_addresses(kTap1, {{prefix("10.5.0.1/24"), false},
                                               {prefix("2001:db8:5::1/64"), false},
                                               {prefix("10.5.0.80/32"), true},
                                               {prefix("2001:db8:5::80/128"), true}}));
  const std::string shown = run("ip addr show dev tap1");
  EXPECT_THAT(shown, HasSubstr("10.5.0.1/24 brd 10.5.0.255"));
  EXPECT_THAT(shown, HasSubstr("2001:db8:5::80/128 scope global nodad deprecated"));
  EXPECT_THAT(shown, Not(HasSubstr("tentative")));
  run("ip addr add 10.5.0.99/32 dev tap1");  // an operator's
  ASSERT_TRUE(mirror_->apply_addresses(kTap1, {{prefix("10.5.0.80/32"), true}}));
  const std::string after = run("ip addr show dev tap1");
  EXPECT_THAT(after, Not(HasSubstr("10.5.0.1/24")));
  EXPECT_THAT(after, Not(HasSubstr("2001:db8:5::1")));
  EXPECT_THAT(after, HasSubstr("10.5.0.80/32"));
  EXPECT_THAT(after, HasSubstr("10.5.0.99/32"));
  EXPECT_THAT(after, HasSubstr("10.0.1.1/24"));
}

TEST_F(MirrorApply, ChangedPrefixLengthTakesEffect) {
  ASSERT_TRUE(mirror_->apply_addresses(
      kTap1, {{prefix("10.5.0.1/24"), false}, {prefix("2001:db8:5::1/64"), false}}));
  ASSERT_TRUE(mirror_->apply_addresses(
      kTap1, {{prefix("10.5.0.1/25"), false}, {prefix("2001:db8:5::1/56"), false}}));
  const std::string shown = run("ip addr show dev tap1");
  EXPECT_THAT(shown, HasSubstr("10.5.0.1/25"));
  EXPECT_THAT(shown, HasSubstr("2001:db8:5::1/56"));
  EXPECT_THAT(shown, Not(HasSubstr("10.5.0.1/24")));
}

TEST_F(MirrorApply, RoutesArePutChangedAndTakenAway) {
  ASSERT_TRUE(
      mirror_->apply_routes({route("0.0.0.0/0", "10.0.0.254"), route("198.51.100.0/24", "", "tap1"),
                             route("::/0", "2001:db8::fe")},
                            kNames));
  EXPECT_THAT(run("ip route show proto 201"), HasSubstr("default via 10.0.0.254 dev tap0"));
  EXPECT_THAT(run("ip route show proto 201"), HasSubstr("198.51.100.0/24 dev tap1"));
  EXPECT_THAT(run("ip -6 route show proto 201"), HasSubstr("default via 2001:db8::fe dev tap0"));
  ASSERT_TRUE(await([&] { return find("198.51.100.1").port == kTap1; }));
  run("ip route add 203.0.113.0/24 via 10.0.0.3");  // an operator's
  ASSERT_TRUE(mirror_->apply_routes({route("0.0.0.0/0", "10.0.1.254")}, kNames));
  EXPECT_EQ(run("ip route show proto 201"), "default via 10.0.1.254 dev tap1 \n");
  EXPECT_EQ(run("ip -6 route show proto 201"), "");
  EXPECT_THAT(run("ip route"), HasSubstr("203.0.113.0/24 via 10.0.0.3"));
}

TEST_F(MirrorApply, LeftOversAreTakenOver) {
  run("ip route add 198.51.100.0/24 via 10.0.0.2 proto 201");
  run("ip route add default via 10.0.0.254 proto 201");
  ASSERT_TRUE(mirror_->apply_routes({route("0.0.0.0/0", "10.0.0.254")}, kNames));
  EXPECT_EQ(run("ip route show proto 201"), "default via 10.0.0.254 dev tap0 \n");
  run("ip addr add 10.0.0.80/32 dev tap0");
  EXPECT_TRUE(mirror_->apply_addresses(kTap0, {{prefix("10.0.0.80/32"), true}}));
}

TEST_F(MirrorApply, RoutesOfAnotherDirectorAreLeftAlone) {
  run("ip link add other type veth peer name other2");
  run("ip link set other up");
  run("ip route add 198.51.100.0/24 dev other proto 201");
  ASSERT_TRUE(mirror_->apply_routes({}, kNames));
  EXPECT_THAT(run("ip route show proto 201"), HasSubstr("198.51.100.0/24 dev other"));
}

TEST_F(MirrorApply, RouteByAnInterfaceThatIsNoPortIsTakenAwayToo) {
  run("ip link add other type veth peer name other2");
  run("ip link set other up");
  run("ip addr add 172.16.0.9/24 dev other");
  ASSERT_TRUE(mirror_->apply_routes({route("198.51.100.0/24", "172.16.0.1")}, kNames));
  EXPECT_THAT(run("ip route show proto 201"), HasSubstr("via 172.16.0.1 dev other"));
  ASSERT_TRUE(mirror_->apply_routes({}, kNames));
  EXPECT_EQ(run("ip route show proto 201"), "");
}

TEST_F(MirrorApply, WhatCannotBeDoneIsNamedAndDoneLater) {
  const Status done = mirror_->apply_routes(
      {route("198.51.100.0/24", "172.16.0.1"), route("203.0.113.0/24", "10.0.0.2")}, kNames);
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("198.51.100.0/24"));
  EXPECT_THAT(done.error().message, Not(HasSubstr("203.0.113.0/24")));
  EXPECT_TRUE(await([&] { return find("203.0.113.1").found; }));
  run("ip addr add 172.16.0.9/24 dev tap1");
  EXPECT_TRUE(await([&] { return find("198.51.100.1").found; }));
}

TEST_F(MirrorApply, RouteOfAnotherIsNotOverwritten) {
  run("ip route add default via 10.0.1.254");
  const Status done = mirror_->apply_routes({route("0.0.0.0/0", "10.0.0.254")}, kNames);
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("metric"));
  EXPECT_THAT(run("ip route"), HasSubstr("default via 10.0.1.254"));
}

TEST_F(MirrorApply, TapThatWasSetDownGetsAllBack) {
  ASSERT_TRUE(mirror_->apply_addresses(kTap1, {{prefix("2001:db8:5::80/128"), true}}));
  ASSERT_TRUE(mirror_->apply_routes({route("198.51.100.0/24", "10.0.1.254")}, kNames));
  run("ip link set tap1 down");
  ASSERT_TRUE(await([&] { return run("ip route show proto 201").empty(); }));
  ASSERT_TRUE(await([&] { return !find("198.51.100.1").found; }));
  run("ip link set tap1 up");
  EXPECT_TRUE(await([&] { return find("198.51.100.1").found; }));
  EXPECT_THAT(run("ip addr show dev tap1"), HasSubstr("2001:db8:5::80/128"));
}

TEST_F(MirrorApply, ExitTakesAwayWhatWasPut) {
  ASSERT_TRUE(mirror_->apply_addresses(kTap0, {{prefix("10.0.0.80/32"), true}}));
  ASSERT_TRUE(mirror_->apply_routes({route("0.0.0.0/0", "10.0.0.254")}, kNames));
  mirror_.reset();
  EXPECT_EQ(run("ip route show proto 201"), "");
  const std::string addresses = run("ip addr show dev tap0");
  EXPECT_THAT(addresses, Not(HasSubstr("10.0.0.80")));
  EXPECT_THAT(addresses, HasSubstr("10.0.0.1/24"));
}

}  // namespace
}  // namespace lbd::test
