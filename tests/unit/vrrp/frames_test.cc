// SPDX-License-Identifier: Apache-2.0
#include "vrrp/frames.h"

#include <gtest/gtest.h>

#include "common/checksum.h"

namespace lbd::vrrp {
namespace {

using Bytes = std::vector<uint8_t>;

const MacAddress kMac = *MacAddress::parse("02:00:00:00:00:01");

TEST(Frames, gratuitous_arp) {
  EXPECT_EQ(announcement(kMac, *IpAddress::parse("192.0.2.20")),
            (Bytes{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,    0,    0,    0,    0,   1, 8, 6,
                   0,    1,    8,    0,    6,    4,    0,    1,    2,    0,    0,   0, 0, 1,
                   192,  0,    2,    20,   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 192, 0, 2, 20}));
}

TEST(Frames, unsolicited_neighbour_advertisement) {
  const Bytes frame = announcement(kMac, *IpAddress::parse("2001:db8::20"));
  ASSERT_EQ(frame.size(), 14u + 40 + 32);
  EXPECT_EQ(Bytes(frame.begin(), frame.begin() + 6), (Bytes{0x33, 0x33, 0, 0, 0, 1}));
  EXPECT_EQ(frame[14 + 6], 58);
  EXPECT_EQ(frame[14 + 7], 255) << "hop limit, RFC 4861 7.1.2";
  EXPECT_EQ(frame[54], 136);
  EXPECT_EQ(frame[58], 0xa0) << "Router and Override, RFC 9568 6.4.1 (130)";
  const uint64_t pseudo = checksum::pseudo_header(&frame[14 + 8], 32, 58, 32);
  EXPECT_EQ(checksum::fold(checksum::add(&frame[54], 32, pseudo)), 0xffff);
  EXPECT_EQ(Bytes(frame.end() - 8, frame.end()), (Bytes{2, 1, 2, 0, 0, 0, 0, 1}));
}

TEST(Frames, an_advertisement_from_a_virtual_mac_address) {
  const std::vector<uint8_t> payload{0x31, 51, 100, 1};
  const MacAddress mac = *MacAddress::parse("00:00:5e:00:01:33");
  const auto frame = advertisement_frame(mac, *IpAddress::parse("192.0.2.11"),
                                         *IpAddress::parse("224.0.0.18"), payload);
  // RFC 1112 6.4, RFC 9568 5.1.1: the group's MAC address, TTL 255, protocol 112. The header's sum
  // by hand: 45c0 + 0018 + 4000 + ff70 + c000 + 020b + e000 + 0012 = 32765, folded 2768, complement
  // d897.
  const std::vector<uint8_t> expected{0x01, 0x00, 0x5e, 0x00, 0x00, 0x12, 0x00, 0x00, 0x5e, 0x00,
                                      0x01, 0x33, 0x08, 0x00, 0x45, 0xc0, 0x00, 0x18, 0x00, 0x00,
                                      0x40, 0x00, 0xff, 0x70, 0xd8, 0x97, 192,  0,    2,    11,
                                      224,  0,    0,    18,   0x31, 51,   100,  1};
  EXPECT_EQ(frame, expected);
}

TEST(Frames, an_ipv6_advertisement_from_a_virtual_mac_address) {
  const std::vector<uint8_t> payload{0x31, 51, 100, 1};
  const MacAddress mac = *MacAddress::parse("00:00:5e:00:02:33");
  const auto frame = advertisement_frame(mac, *IpAddress::parse("fe80::1"),
                                         *IpAddress::parse("ff02::12"), payload);
  const std::vector<uint8_t> expected{
      0x33, 0x33, 0x00, 0x00, 0x00, 0x12, 0x00, 0x00, 0x5e, 0x00, 0x02, 0x33, 0x86, 0xdd, 0x6c,
      0x00, 0x00, 0x00, 0x00, 0x04, 112,  255,  0xfe, 0x80, 0,    0,    0,    0,    0,    0,
      0,    0,    0,    0,    0,    0,    0,    1,    0xff, 0x02, 0,    0,    0,    0,    0,
      0,    0,    0,    0,    0,    0,    0,    0,    0x12, 0x31, 51,   100,  1};
  EXPECT_EQ(frame, expected);
}

}  // namespace
}  // namespace lbd::vrrp
