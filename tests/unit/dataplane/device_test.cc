// SPDX-License-Identifier: Apache-2.0
#include "dataplane/device.h"

#include <gtest/gtest.h>

#include <cstring>

#include "dataplane/interface_state.h"
#include "dataplane/port_setup.h"

namespace lbd {
namespace {

using Kind = DeviceName::Kind;

TEST(DeviceName, Kinds) {
  struct Case {
    const char* text;
    Kind kind;
    const char* argument;
  };
  for (const Case& test : {Case{"0000:03:00.0", Kind::kPci, "0000:03:00.0"},
                           Case{"3b:1f.7", Kind::kPci, "0000:3b:1f.7"},
                           Case{"0001:AF:00.1", Kind::kPci, "0001:af:00.1"},
                           Case{"mac:aa:bb:cc:00:11:22", Kind::kMac, "aa:bb:cc:00:11:22"},
                           Case{"af_xdp:eth1", Kind::kAfXdp, "eth1"},
                           Case{"af_packet:eth1.5", Kind::kAfPacket, "eth1.5"},
                           Case{"vdev:net_null0,size=64", Kind::kVdev, "net_null0,size=64"}}) {
    const auto name = DeviceName::parse(test.text);
    ASSERT_TRUE(name) << test.text;
    EXPECT_EQ(name->kind, test.kind) << test.text;
    EXPECT_EQ(name->argument, test.argument);
  }
}

TEST(DeviceName, Refused) {
  for (const char* text : {"", "eth1", "mac:", "mac:aa:bb", "af_xdp:", "vdev:", "0000:03:00",
                           "0000:03:20.0", "0000:03:00.8", "03:00.0x", "pci:03:00.0"})
    EXPECT_FALSE(DeviceName::parse(text)) << text;
}

TEST(Buffers, HoldAWholeFrameInKibibytes) {
  EXPECT_EQ(buffer_bytes(1500, 0), 2048u);
  EXPECT_EQ(buffer_bytes(2022, 0), 2048u);
  EXPECT_EQ(buffer_bytes(2023, 0), 3072u);
  EXPECT_EQ(buffer_bytes(9000, 0), 9216u);
  EXPECT_EQ(buffer_bytes(3542, 3712), 3712u);
}

TEST(Buffers, MemoryGrowsWithWhatIsAsked) {
  PortOptions options;
  const uint64_t one = port_buffer_bytes(options, 1);
  EXPECT_GT(port_buffer_bytes(options, 2), one);
  options.mtu = 9000;
  EXPECT_GT(port_buffer_bytes(options, 1), 3 * one);
}

InterfaceState sample_state() {
  InterfaceState out;
  out.name = "eth1";
  out.network_namespace = 4026531840;
  out.index = 7;
  out.flags = {true, false, true};
  out.mtu = 1400;
  out.gro = true;
  out.disable_ipv6 = std::string(1, '0');
  std::vector<uint8_t> message(20, 0xab);
  const uint32_t length = 20;
  std::memcpy(message.data(), &length, sizeof(length));
  out.addressing = {{message}, {message, message}};
  return out;
}

TEST(InterfaceState, SurvivesItsFile) {
  const InterfaceState before = sample_state();
  const auto after = decode_state(encode_state(before));
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(after->name, before.name);
  EXPECT_EQ(after->network_namespace, before.network_namespace);
  EXPECT_EQ(after->index, before.index);
  EXPECT_TRUE(after->flags.up && !after->flags.promiscuous && after->flags.all_multicast);
  EXPECT_EQ(after->mtu, before.mtu);
  EXPECT_TRUE(after->gro);
  EXPECT_EQ(after->disable_ipv6, "0");
  EXPECT_EQ(after->addressing.addresses, before.addressing.addresses);
  EXPECT_EQ(after->addressing.routes, before.addressing.routes);
}

TEST(InterfaceState, RefusesABrokenFile) {
  const std::string text = encode_state(sample_state());
  EXPECT_FALSE(decode_state(text.substr(0, text.size() / 2)));
  EXPECT_FALSE(decode_state("{}"));
  std::string shortened = text;
  const size_t digits = shortened.find("abab");
  shortened.erase(digits, 4);
  EXPECT_FALSE(decode_state(shortened)) << "a message shorter than it says";
}

}  // namespace
}  // namespace lbd
