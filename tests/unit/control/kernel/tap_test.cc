// SPDX-License-Identifier: Apache-2.0
#include "control/kernel/tap.h"

#include <gmock/gmock.h>

#include "kernel_lab.h"

namespace lbd::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class TapTest : public NamespaceTest {
 protected:
  static TapOptions options() { return {"wan0", mac("02:00:00:00:00:11"), 1400, true}; }
};

std::string setting(const std::string& path) {
  std::string text = run("cat /proc/sys/net/" + path);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

TEST_F(TapTest, HasThePortsProperties) {
  const auto tap = Tap::create(options());
  ASSERT_TRUE(tap) << tap.error().message;
  EXPECT_GT(tap.value().ifindex(), 0);
  const std::string link = run("ip -d link show wan0");
  EXPECT_THAT(link, HasSubstr("02:00:00:00:00:11"));
  EXPECT_THAT(link, HasSubstr("mtu 1400"));
  EXPECT_THAT(link, HasSubstr(",UP,LOWER_UP"));
  EXPECT_THAT(link, HasSubstr("ALLMULTI"));
  EXPECT_EQ(setting("ipv4/conf/wan0/arp_ignore"), "1");
  EXPECT_EQ(setting("ipv4/conf/wan0/arp_announce"), "2");
  EXPECT_EQ(setting("ipv4/conf/wan0/rp_filter"), "2");
  EXPECT_EQ(setting("ipv6/conf/wan0/accept_dad"), "0");
  EXPECT_EQ(setting("ipv6/conf/wan0/accept_ra"), "0");
}

TEST_F(TapTest, MirrorsTheLink) {
  auto tap = Tap::create(options());
  ASSERT_TRUE(tap) << tap.error().message;
  ASSERT_TRUE(tap.value().set_carrier(false));
  EXPECT_THAT(run("ip link show wan0"), HasSubstr("NO-CARRIER"));
  ASSERT_TRUE(tap.value().set_carrier(true));
  EXPECT_THAT(run("ip link show wan0"), Not(HasSubstr("NO-CARRIER")));
}

TEST_F(TapTest, StartsWithoutCarrierWhereTheLinkIsDown) {
  TapOptions down = options();
  down.link_up = false;
  const auto tap = Tap::create(down);
  ASSERT_TRUE(tap) << tap.error().message;
  EXPECT_THAT(run("ip link show wan0"), HasSubstr("NO-CARRIER"));
}

TEST_F(TapTest, VanishesWithItsOwner) {
  {
    const auto tap = Tap::create(options());
    ASSERT_TRUE(tap) << tap.error().message;
    run("ip addr add 10.0.0.1/24 dev wan0");
  }
  EXPECT_THAT(run("ip link"), Not(HasSubstr("wan0")));
  EXPECT_TRUE(Tap::create(options()));
}

TEST_F(TapTest, LeavesAForeignInterfaceAlone) {
  run("ip tuntap add dev wan0 mode tap");
  const auto tap = Tap::create(options());
  ASSERT_FALSE(tap);
  EXPECT_THAT(tap.error().message, HasSubstr("port wan0"));
  EXPECT_THAT(tap.error().message, HasSubstr("ip link delete wan0"));
  EXPECT_THAT(run("ip link show wan0"), Not(HasSubstr("02:00:00:00:00:11")));
}

TEST_F(TapTest, NamesWhatTheKernelRefuses) {
  TapOptions multicast = options();
  multicast.mac = mac("01:00:5e:00:00:01");
  const auto tap = Tap::create(multicast);
  ASSERT_FALSE(tap);
  EXPECT_THAT(tap.error().message, HasSubstr("01:00:5e:00:00:01"));
  EXPECT_THAT(run("ip link"), Not(HasSubstr("wan0"))) << "undone";
}

}  // namespace
}  // namespace lbd::test
