// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <algorithm>
#include <optional>

#include "kernel_lab.h"

namespace lbd::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class MirrorNeighbours : public MirrorTest {
 protected:
  void SetUp() override {
    MirrorTest::SetUp();
    if (!IsSkipped()) start_mirror();
  }
  std::optional<NeighbourRow> row(const char* address) const {
    for (const NeighbourRow& neighbour : mirror_->neighbours()) {
      if (neighbour.address == ip(address)) return neighbour;
    }
    return std::nullopt;
  }
};

const MacAddress kFirst = mac("02:00:00:00:01:01");
const MacAddress kSecond = mac("02:00:00:00:01:02");

TEST_F(MirrorNeighbours, ServersMacIsKnownAndItsChangeTakesEffect) {
  const NextHopId id = mirror_->acquire_next_hop(ip("10.0.0.2"));
  ASSERT_NE(id, kNoId);
  EXPECT_EQ(hop(id).state, NextHopState::kIncomplete);
  run("ip neigh replace 10.0.0.2 lladdr 02:00:00:00:01:01 dev tap0");
  ASSERT_TRUE(await([&] { return hop(id).state == NextHopState::kReachable; }));
  EXPECT_EQ(hop(id).mac, kFirst);
  EXPECT_EQ(hop(id).port, kTap0);
  run("ip neigh replace 10.0.0.2 lladdr 02:00:00:00:01:02 dev tap0");
  EXPECT_TRUE(await([&] { return hop(id).mac == kSecond; }));
}

TEST_F(MirrorNeighbours, TheKernelAsksAndKeepsItFresh) {
  const NextHopId id = mirror_->acquire_next_hop(ip("10.0.0.2"));
  EXPECT_TRUE(await([&] {
    answer_arp(taps_[0], ip("10.0.0.2"), kFirst);
    return hop(id).state == NextHopState::kReachable;
  }));
  EXPECT_EQ(hop(id).mac, kFirst);
  EXPECT_THAT(run("ip neigh show dev tap0"), HasSubstr("managed"));
  mirror_->release_next_hop(id);
  EXPECT_EQ(hop(id).state, NextHopState::kUnused);
  EXPECT_THAT(run("ip neigh show dev tap0"), Not(HasSubstr("managed")));
}

TEST_F(MirrorNeighbours, SilentServerFails) {
  const NextHopId id = mirror_->acquire_next_hop(ip("10.0.0.3"));
  EXPECT_TRUE(
      await([&] { return hop(id).state == NextHopState::kFailed; }, std::chrono::seconds(10)));
}

TEST_F(MirrorNeighbours, EntryThatSomebodyRemovedIsAskedForAgain) {
  const NextHopId id = mirror_->acquire_next_hop(ip("10.0.0.2"));
  ASSERT_TRUE(await([&] {
    answer_arp(taps_[0], ip("10.0.0.2"), kFirst);
    return hop(id).state == NextHopState::kReachable;
  }));
  run("ip neigh del 10.0.0.2 dev tap0");
  ASSERT_TRUE(await([&] { return hop(id).state != NextHopState::kReachable; }));
  EXPECT_TRUE(await(
      [&] {
        answer_arp(taps_[0], ip("10.0.0.2"), kSecond);
        return hop(id).state == NextHopState::kReachable;
      },
      std::chrono::seconds(10)));
  EXPECT_EQ(hop(id).mac, kSecond);
}

TEST_F(MirrorNeighbours, PortThatComesBackIsAskedAtOnce) {
  const NextHopId id = mirror_->acquire_next_hop(ip("10.0.0.2"));
  ASSERT_TRUE(taps_[0].set_carrier(false));
  ASSERT_TRUE(
      await([&] { return hop(id).state == NextHopState::kFailed; }, std::chrono::seconds(10)));
  ASSERT_TRUE(taps_[0].set_carrier(true));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(await([&] {
    answer_arp(taps_[0], ip("10.0.0.2"), kFirst);
    return hop(id).state == NextHopState::kReachable;
  }));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

TEST_F(MirrorNeighbours, PermanentEntryStaysPermanent) {
  run("ip neigh add 10.0.0.9 lladdr 02:00:00:00:01:01 dev tap0 nud permanent");
  ASSERT_TRUE(await([&] { return row("10.0.0.9").has_value(); }));
  const NextHopId id = mirror_->acquire_next_hop(ip("10.0.0.9"));
  EXPECT_EQ(hop(id).state, NextHopState::kReachable);
  mirror_->tick(NetlinkMirror::Clock::now() + std::chrono::minutes(1));
  EXPECT_THAT(run("ip neigh show dev tap0"), HasSubstr("PERMANENT"));
}

TEST_F(MirrorNeighbours, NextHopFollowsTheRoute) {
  const NextHopId id = mirror_->acquire_next_hop(ip("192.0.2.5"));
  EXPECT_EQ(hop(id).state, NextHopState::kNoRoute);
  run("ip neigh replace 192.0.2.5 lladdr 02:00:00:00:01:01 dev tap0 nud permanent");
  run("ip neigh replace 192.0.2.5 lladdr 02:00:00:00:01:02 dev tap1 nud permanent");
  run("ip route add 192.0.2.0/24 dev tap0");
  ASSERT_TRUE(await([&] { return hop(id).mac == kFirst && hop(id).port == kTap0; }));
  run("ip route replace 192.0.2.0/24 dev tap1");
  ASSERT_TRUE(await([&] { return hop(id).mac == kSecond && hop(id).port == kTap1; }));
  // Behind a gateway nobody can be reached by his MAC address.
  run("ip route replace 192.0.2.0/24 via 10.0.0.254");
  EXPECT_TRUE(await([&] { return hop(id).state == NextHopState::kNoRoute; }));
  run("ip route del 192.0.2.0/24");
  EXPECT_TRUE(await([&] { return mirror_->routes().size() == 3; }));
  EXPECT_EQ(hop(id).state, NextHopState::kNoRoute);
}

TEST_F(MirrorNeighbours, AcquireIsCountedAndSlotsRest) {
  const NextHopId id = mirror_->acquire_next_hop(ip("10.0.0.2"));
  EXPECT_EQ(mirror_->acquire_next_hop(ip("10.0.0.2")), id);
  mirror_->release_next_hop(id);
  EXPECT_NE(hop(id).state, NextHopState::kUnused);
  mirror_->release_next_hop(id);
  EXPECT_EQ(hop(id).state, NextHopState::kUnused);
  publisher_->collect();
  EXPECT_NE(mirror_->acquire_next_hop(ip("10.0.0.3")), id) << "given away at once";
}

TEST_F(MirrorNeighbours, Ipv6ServerIsKnown) {
  const NextHopId id = mirror_->acquire_next_hop(ip("2001:db8::2"));
  run("ip -6 neigh replace 2001:db8::2 lladdr 02:00:00:00:01:01 dev tap0");
  EXPECT_TRUE(await([&] { return hop(id).state == NextHopState::kReachable; }));
  EXPECT_EQ(hop(id).mac, kFirst);
}

TEST_F(MirrorNeighbours, ClientIsAskedForOnDemand) {
  EXPECT_EQ(find("10.0.0.77").next_hop, kNoId);
  mirror_->request_neighbour({ip("10.0.0.77"), kTap0});
  ASSERT_TRUE(await([&] {
    answer_arp(taps_[0], ip("10.0.0.77"), kFirst);
    const NextHopId id = find("10.0.0.77").next_hop;
    return id != kNoId && hop(id).state == NextHopState::kReachable;
  }));
  EXPECT_FALSE(row("10.0.0.77")->managed);
  run("ip neigh flush dev tap0");
  run("ip neigh del 10.0.0.77 dev tap0 || true");
  EXPECT_TRUE(await([&] { return find("10.0.0.77").next_hop == kNoId; })) << "gone with the entry";
}

TEST_F(MirrorNeighbours, RequestsAreBounded) {
  run("ip addr add 10.8.0.1/16 dev tap1");
  for (uint32_t i = 2; i < 2 + 3 * NetlinkMirror::kMaxRequested; ++i) {
    mirror_->request_neighbour({IpAddress::v4_host(0x0a080000 + i), kTap1});
  }
  EXPECT_LE(mirror_->neighbours().size(), NetlinkMirror::kMaxRequested + 1);
}

TEST_F(MirrorNeighbours, NonsenseIsNotAskedFor) {
  mirror_->request_neighbour({ip("255.255.255.255"), kTap0});
  mirror_->request_neighbour({ip("224.0.0.1"), kTap0});
  mirror_->request_neighbour({ip("0.0.0.0"), kTap0});
  mirror_->request_neighbour({ip("10.0.0.5"), 17});
  EXPECT_TRUE(mirror_->neighbours().empty());
}

}  // namespace
}  // namespace lbd::test
