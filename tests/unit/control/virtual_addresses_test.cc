// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "control/desired_state.h"

namespace lbd {
namespace {

config::Vrrp owning(std::initializer_list<uint32_t> hosts, bool accept = true) {
  config::VrrpInstance instance;
  instance.name = "V";
  instance.link.name = "wan0";
  instance.accept = accept;
  for (const uint32_t host : hosts)
    instance.addresses.push_back(
        {Prefix{IpAddress::v4_host(0x0a000000 + host), 32}, {"wan0", true}, true});
  config::Vrrp vrrp;
  vrrp.instances.push_back(instance);
  return vrrp;
}

VirtualAddressSlot slot_of(const DesiredState& state, uint32_t host) {
  return state.virtual_addresses->at(IpAddress::v4_host(0x0a000000 + host));
}

TEST(VirtualAddresses, keep_their_slots) {
  DesiredState state;
  ASSERT_TRUE(apply_virtual_addresses(state, owning({1, 2})));
  const VirtualAddressSlot first = slot_of(state, 1);
  EXPECT_NE(first.slot, 0);
  EXPECT_NE(first.slot, slot_of(state, 2).slot);
  EXPECT_TRUE(first.owned);
  ASSERT_TRUE(apply_virtual_addresses(state, owning({2, 3}, false)));
  EXPECT_EQ(slot_of(state, 1).slot, first.slot) << "connections remember it";
  EXPECT_FALSE(slot_of(state, 1).owned);
  EXPECT_TRUE(slot_of(state, 2).silent);
  ASSERT_TRUE(apply_virtual_addresses(state, owning({1})));
  EXPECT_EQ(slot_of(state, 1), first);
}

TEST(VirtualAddresses, of_the_owner_are_never_silent) {
  config::Vrrp vrrp = owning({1}, false);
  vrrp.instances[0].priority = 255;
  DesiredState state;
  ASSERT_TRUE(apply_virtual_addresses(state, vrrp));
  EXPECT_FALSE(slot_of(state, 1).silent);
}

TEST(VirtualAddresses, not_of_a_foreign_interface) {
  config::Vrrp vrrp = owning({1});
  vrrp.instances[0].addresses[0].link = {"eth9", false};
  DesiredState state;
  ASSERT_TRUE(apply_virtual_addresses(state, vrrp));
  EXPECT_TRUE(state.virtual_addresses->empty());
}

TEST(VirtualAddresses, reuse_the_slots_of_old_ones_only_when_none_is_left) {
  DesiredState state;
  const auto many = [](uint32_t from, uint32_t count) {
    config::Vrrp vrrp = owning({});
    for (uint32_t i = 0; i < count; ++i)
      vrrp.instances[0].addresses.push_back(
          {Prefix{IpAddress::v4_host(0x0a000000 + from + i), 32}, {"wan0", true}, true});
    return vrrp;
  };
  ASSERT_TRUE(apply_virtual_addresses(state, many(1, 4000)));
  ASSERT_TRUE(apply_virtual_addresses(state, many(10'001, 4095)));
  EXPECT_EQ(state.virtual_addresses->size(), 4095u);
  EXPECT_FALSE(apply_virtual_addresses(state, many(20'001, 4096)));
}

}  // namespace
}  // namespace lbd
