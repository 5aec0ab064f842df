// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "kernel_lab.h"

namespace lbd::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class MirrorRoutes : public MirrorTest {
 protected:
  void SetUp() override {
    MirrorTest::SetUp();
    if (!IsSkipped()) start_mirror();
  }
  const RouteRow* row(const char* text) {
    rows_ = mirror_->routes();
    const auto found = std::ranges::find(rows_, prefix(text), &RouteRow::prefix);
    return found == rows_.end() ? nullptr : &*found;
  }
  /// The gateways that packets to `destination` take, over many flows.
  std::set<std::string> gateways(const char* destination) {
    std::set<std::string> seen;
    for (uint32_t hash = 0; hash < 16; ++hash) {
      const RouteAnswer answer = find(destination, hash);
      if (!answer.found || answer.next_hop == kNoId) continue;
      for (const NeighbourRow& neighbour : mirror_->neighbours()) {
        const bool same_port = neighbour.port == answer.port;
        if (same_port && map_of(neighbour) == answer.next_hop)
          seen.insert(neighbour.address.to_string());
      }
    }
    return seen;
  }

 private:
  NextHopId map_of(const NeighbourRow& neighbour) const {
    const NeighbourMap* map = routing_->neighbours[neighbour.port].load();
    const auto found = map->find(neighbour.address);
    return found == map->end() ? kNoId : found->second;
  }
  std::vector<RouteRow> rows_;
};

TEST_F(MirrorRoutes, ConnectedOnesAreThereFromTheStart) {
  const RouteAnswer answer = find("10.0.1.7");
  EXPECT_TRUE(answer.found);
  EXPECT_EQ(answer.port, kTap1);
  EXPECT_EQ(answer.neighbour, ip("10.0.1.7"));
  EXPECT_EQ(find("2001:db8::7").port, kTap0);
  EXPECT_TRUE(find("2001:db8::7").found);
  EXPECT_FALSE(find("203.0.113.1").found);
  ASSERT_NE(row("10.0.0.0/24"), nullptr);
  EXPECT_EQ(row("10.0.0.0/24")->protocol_name, "kernel");
}

TEST_F(MirrorRoutes, DefaultByGatewayComesAndGoes) {
  run("ip route add default via 10.0.0.254");
  ASSERT_TRUE(await([&] { return find("203.0.113.1").found; }));
  EXPECT_EQ(gateways("203.0.113.1"), std::set<std::string>{"10.0.0.254"});
  EXPECT_EQ(find("10.0.1.7").next_hop, kNoId) << "the longer prefix is on-link";
  run("ip route del default");
  EXPECT_TRUE(await([&] { return !find("203.0.113.1").found; }));
  EXPECT_EQ(row("0.0.0.0/0"), nullptr);
}

TEST_F(MirrorRoutes, Ipv6DefaultComesAndGoes) {
  run("ip -6 route add default via 2001:db8::fe dev tap0");
  ASSERT_TRUE(await([&] { return find("2001:db8:ffff::1").found; }));
  EXPECT_EQ(gateways("2001:db8:ffff::1"), std::set<std::string>{"2001:db8::fe"});
  run("ip -6 route del default");
  EXPECT_TRUE(await([&] { return !find("2001:db8:ffff::1").found; }));
}

TEST_F(MirrorRoutes, EqualCostHopsShareTheFlows) {
  run("ip route add 198.51.100.0/24 nexthop via 10.0.0.2 nexthop via 10.0.1.2");
  run("ip -6 route add 2001:db8:1::/48 nexthop via 2001:db8::2 nexthop via 2001:db8::3");
  const std::set<std::string> ipv4{"10.0.0.2", "10.0.1.2"};
  const std::set<std::string> ipv6{"2001:db8::2", "2001:db8::3"};
  EXPECT_TRUE(await([&] { return gateways("198.51.100.1") == ipv4; }));
  EXPECT_TRUE(await([&] { return gateways("2001:db8:1::1") == ipv6; }));
  // IPv6 tells only of the hop that went.
  run("ip -6 route del 2001:db8:1::/48 via 2001:db8::2");
  EXPECT_TRUE(
      await([&] { return gateways("2001:db8:1::1") == std::set<std::string>{"2001:db8::3"}; }));
  run("ip -6 route append 2001:db8:1::/48 via 2001:db8::2");
  EXPECT_TRUE(await([&] { return gateways("2001:db8:1::1") == ipv6; }));
}

TEST_F(MirrorRoutes, NextHopOnADeadPortIsLeftOut) {
  run("ip route add 198.51.100.0/24 nexthop via 10.0.0.2 nexthop via 10.0.1.2");
  ASSERT_TRUE(await([&] { return gateways("198.51.100.1").size() == 2; }));
  ASSERT_TRUE(taps_[1].set_carrier(false));
  EXPECT_TRUE(await([&] { return gateways("198.51.100.1") == std::set<std::string>{"10.0.0.2"}; }));
  ASSERT_TRUE(taps_[1].set_carrier(true));
  EXPECT_TRUE(await([&] { return gateways("198.51.100.1").size() == 2; }));
}

TEST_F(MirrorRoutes, LowestMetricCounts) {
  run("ip route add 198.51.100.0/24 via 10.0.0.2 metric 20");
  ASSERT_TRUE(await([&] { return gateways("198.51.100.1").contains("10.0.0.2"); }));
  run("ip route add 198.51.100.0/24 via 10.0.1.2 metric 10");
  ASSERT_TRUE(await([&] { return gateways("198.51.100.1").contains("10.0.1.2"); }));
  EXPECT_EQ(row("198.51.100.0/24")->metric, 10u);
  run("ip route del 198.51.100.0/24 metric 10");
  EXPECT_TRUE(await([&] { return gateways("198.51.100.1").contains("10.0.0.2"); }));
}

TEST_F(MirrorRoutes, ReplacedRouteLeavesNothingBehind) {
  run("ip route add 198.51.100.0/24 via 10.0.0.2");
  run("ip route replace 198.51.100.0/24 via 10.0.1.2");
  EXPECT_TRUE(await([&] { return gateways("198.51.100.1") == std::set<std::string>{"10.0.1.2"}; }));
  run("ip link add other type veth peer name other2");
  run("ip link set other up");
  run("ip route replace 198.51.100.0/24 dev other");
  EXPECT_TRUE(await([&] { return !find("198.51.100.1").found; }))
      << "now by a port that is not ours";
}

TEST_F(MirrorRoutes, BlackholeCoversTheDefault) {
  run("ip route add default via 10.0.0.254");
  run("ip route add blackhole 198.51.100.0/24");
  run("ip -6 route add unreachable 2001:db8:2::/48");
  ASSERT_TRUE(
      await([&] { return find("203.0.113.1").found && row("2001:db8:2::/48") != nullptr; }));
  ASSERT_TRUE(await([&] { return !find("198.51.100.1").found; }));
  EXPECT_TRUE(row("198.51.100.0/24")->hops.empty());
}

TEST_F(MirrorRoutes, ForeignAndOtherTablesAreLeftOut) {
  run("ip link add other type veth peer name other2");
  run("ip link set other up");
  run("ip route add 198.51.100.0/24 dev other");
  run("ip route add 203.0.113.0/24 via 10.0.0.2 table 100");
  run("ip route add 192.0.2.0/24 via 10.0.0.2");  // comes last
  ASSERT_TRUE(await([&] { return find("192.0.2.1").found; }));
  EXPECT_FALSE(find("198.51.100.1").found);
  EXPECT_FALSE(find("203.0.113.1").found);
}

TEST_F(MirrorRoutes, SilentLossIsNoticed) {
  // An IPv6 address that goes with the link would have an event.
  run("echo 1 >/proc/sys/net/ipv6/conf/tap1/disable_ipv6");
  run("ip route add 198.51.100.0/24 via 10.0.1.2");
  ASSERT_TRUE(await([&] { return find("198.51.100.1").found; }));
  // IPv4 routes go without an event here.
  run("ip link set tap1 down");
  EXPECT_TRUE(await([&] { return !find("198.51.100.1").found && !find("10.0.1.7").found; }));
  run("ip link set tap1 up");
  EXPECT_TRUE(await([&] { return find("10.0.1.7").found; }));
}

TEST_F(MirrorRoutes, NexthopObjectsAreFollowed) {
  run("ip nexthop add id 7 via 10.0.0.2 dev tap0");
  run("ip route add 198.51.100.0/24 nhid 7");
  ASSERT_TRUE(await([&] { return gateways("198.51.100.1").contains("10.0.0.2"); }));
  run("ip nexthop replace id 7 via 10.0.1.2 dev tap1");
  EXPECT_TRUE(await([&] { return gateways("198.51.100.1") == std::set<std::string>{"10.0.1.2"}; }));
  run("ip nexthop del id 7");
  EXPECT_TRUE(await([&] { return !find("198.51.100.1").found; }));
}

TEST_F(MirrorRoutes, LostEventsAreMadeUpFor) {
  // More events than the socket takes, and nobody reads them meanwhile.
  constexpr int kRoutes = 60'000;
  const std::string batch = testing::TempDir() + "lbd-tp-routes-" + std::to_string(::getpid());
  {
    std::ofstream file(batch);
    for (int i = 0; i < kRoutes; ++i) {
      file << "route add 100." << i / 65536 + 64 << "." << i / 256 % 256 << "." << i % 256
           << "/32 via 10.0.0.2\n";
    }
  }
  run("ip -batch " + batch);
  run("sed -i 's/route add/route del/;1d' " + batch);
  std::ostringstream logged;
  const auto logger = spdlog::default_logger();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_st>(logged)));
  ASSERT_TRUE(await([&] { return mirror_->routes().size() >= kRoutes; }, std::chrono::seconds(20)));
  EXPECT_TRUE(find("100.64.200.77").found);
  run("ip -batch " + batch);
  EXPECT_TRUE(await([&] { return mirror_->routes().size() < 10; }, std::chrono::seconds(20)));
  EXPECT_THAT(logged.str(), HasSubstr("events were lost"));
  EXPECT_TRUE(find("100.64.0.0").found) << "the one that was not removed";
  EXPECT_FALSE(find("100.64.200.77").found);
  spdlog::set_default_logger(logger);
  std::remove(batch.c_str());
}

}  // namespace
}  // namespace lbd::test
