// SPDX-License-Identifier: Apache-2.0
#include "common/address.h"

#include <gtest/gtest.h>

#include <random>

namespace lbd {
namespace {

TEST(IpAddress, PrintsWhatItParsed) {
  for (const char* text : {"0.0.0.0", "10.0.0.1", "255.255.255.255", "::", "::1", "2001:db8::1",
                           "fe80::200:f8ff:fe21:67cf", "ff02::12"}) {
    const auto address = IpAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->to_string(), text);
  }
  EXPECT_EQ(IpAddress::parse("2001:DB8:0:0::1")->to_string(), "2001:db8::1");
}

TEST(IpAddress, RefusesWhatIsNone) {
  for (const char* text : {"", " ", "10.0.0", "10.0.0.256", "10.0.0.1 ", " 10.0.0.1", "010.0.0.1",
                           "1.2.3.4.5", ":::", "fe80::1%eth0", "12345::", "10.0.0.1/24", "host",
                           "1111:2222:3333:4444:5555:6666:7777:8888:9999",
                           "1111:2222:3333:4444:5555:6666:1.2.3.4.5.6.7.8.9.10.11.12"})
    EXPECT_FALSE(IpAddress::parse(text)) << text;
}

TEST(IpAddress, ConvertsFromAndToHostOrder) {
  EXPECT_EQ(IpAddress::v4_host(0x0a000001).to_string(), "10.0.0.1");
  EXPECT_EQ(IpAddress::parse("10.0.0.1")->v4_host(), 0x0a000001u);
  EXPECT_NE(IpAddress(), *IpAddress::parse("::")) << "families differ";
}

TEST(IpAddress, KnowsItsClass) {
  const auto is = [](bool (IpAddress::*what)() const, const char* text) {
    return (*IpAddress::parse(text).*what)();
  };
  for (const char* text : {"224.0.0.18", "239.255.255.255", "ff02::1"})
    EXPECT_TRUE(is(&IpAddress::is_multicast, text)) << text;
  for (const char* text : {"223.255.255.255", "240.0.0.0", "fe80::1"})
    EXPECT_FALSE(is(&IpAddress::is_multicast, text)) << text;
  for (const char* text : {"127.0.0.1", "127.255.0.9", "::1"})
    EXPECT_TRUE(is(&IpAddress::is_loopback, text)) << text;
  for (const char* text : {"128.0.0.1", "::2", "1::1", "::"})
    EXPECT_FALSE(is(&IpAddress::is_loopback, text)) << text;
  for (const char* text : {"169.254.1.1", "fe80::1", "febf::1"})
    EXPECT_TRUE(is(&IpAddress::is_link_local, text)) << text;
  for (const char* text : {"169.253.1.1", "fec0::1", "fe7f::1"})
    EXPECT_FALSE(is(&IpAddress::is_link_local, text)) << text;
  EXPECT_TRUE(is(&IpAddress::is_unspecified, "0.0.0.0") && is(&IpAddress::is_unspecified, "::"));
  EXPECT_FALSE(is(&IpAddress::is_unspecified, "::1"));
  EXPECT_TRUE(is(&IpAddress::is_limited_broadcast, "255.255.255.255"));
  EXPECT_FALSE(is(&IpAddress::is_limited_broadcast, "255.255.255.254"));
  EXPECT_FALSE(is(&IpAddress::is_limited_broadcast, "ffff:ffff::"));
}

TEST(Prefix, ParsesAndPrintsWithItsHostPart) {
  EXPECT_EQ(Prefix::parse("192.0.2.11/24")->to_string(), "192.0.2.11/24");
  EXPECT_EQ(Prefix::parse("192.0.2.11/24")->network().to_string(), "192.0.2.0/24");
  EXPECT_EQ(Prefix::parse("2001:db8::ffff/121")->network().to_string(), "2001:db8::ff80/121");
  EXPECT_EQ(Prefix::parse("10.1.2.3/0")->network().to_string(), "0.0.0.0/0");
  EXPECT_EQ(Prefix::parse("10.1.2.3", true)->length, 32);
  EXPECT_EQ(Prefix::parse("::1", true)->length, 128);
  for (const char* text : {"10.0.0.1", "10.0.0.1/", "10.0.0.1/33", "10.0.0.1/-1", "10.0.0.1/8 ",
                           "10.0.0.1/+8", "::/129", "/8", "10.0.0.1/8/8"})
    EXPECT_FALSE(Prefix::parse(text)) << text;
}

TEST(Prefix, ContainsWhatBitByBitComparisonSays) {
  std::mt19937 random(3);
  for (int round = 0; round < 100'000; ++round) {
    uint8_t a[16], b[16];
    for (unsigned i = 0; i < 16; ++i) b[i] = a[i] = static_cast<uint8_t>(random());
    const unsigned bits = random() % 2 ? 32 : 128;
    b[random() % (bits / 8)] ^= static_cast<uint8_t>(1u << (random() % 8));
    const auto address = [&](const uint8_t* raw) {
      return bits == 32 ? IpAddress::v4(raw) : IpAddress::v6(raw);
    };
    const Prefix prefix{address(a), static_cast<uint8_t>(random() % (bits + 1))};
    bool same = true;
    for (unsigned bit = 0; bit < prefix.length; ++bit)
      same = same && ((a[bit / 8] ^ b[bit / 8]) >> (7 - bit % 8) & 1) == 0;
    ASSERT_EQ(prefix.contains(address(b)), same) << prefix.to_string();
    ASSERT_TRUE(prefix.contains(address(a)) && prefix.contains(prefix.network().address));
  }
  EXPECT_FALSE(Prefix::parse("0.0.0.0/0")->contains(*IpAddress::parse("::1")));
  EXPECT_FALSE(Prefix::parse("::/0")->contains(*IpAddress::parse("1.2.3.4")));
}

TEST(Endpoint, ParsesAndPrints) {
  for (const char* text : {"10.0.0.1:80", "[2001:db8::1]:65535", "0.0.0.0:0"})
    EXPECT_EQ(Endpoint::parse(text)->to_string(), text);
  for (const char* text :
       {"10.0.0.1", "10.0.0.1:", ":80", "10.0.0.1:65536", "2001:db8::1:80", "[10.0.0.1]:80",
        "[::1]", "[::1]80", "[::1]:", "10.0.0.1:+80", "10.0.0.1:80 ", "[]:80", "[:80"})
    EXPECT_FALSE(Endpoint::parse(text)) << text;
}

TEST(MacAddress, ParsesAndPrints) {
  EXPECT_EQ(MacAddress::parse("02:00:5E:00:01:ff")->to_string(), "02:00:5e:00:01:ff");
  EXPECT_TRUE(MacAddress::parse("01:00:5e:00:00:12")->is_multicast());
  EXPECT_FALSE(MacAddress::parse("02:00:5e:00:00:12")->is_multicast());
  for (const char* text :
       {"", "02:00:5e:00:01", "02:00:5e:00:01:fg", "02-00-5e-00-01-ff",
        "02:00:5e:00:01:ff:", "2:0:5e:0:1:ff", "02:00:5e:00:01: f", "-2:00:5e:00:01:ff"})
    EXPECT_FALSE(MacAddress::parse(text)) << text;
}

TEST(Hash, DiffersForWhatDiffers) {
  EXPECT_NE(hash_value(*IpAddress::parse("10.0.0.1")), hash_value(*IpAddress::parse("10.0.0.2")));
  EXPECT_NE(hash_value(*IpAddress::parse("0.0.0.0")), hash_value(*IpAddress::parse("::")));
}

}  // namespace
}  // namespace lbd
