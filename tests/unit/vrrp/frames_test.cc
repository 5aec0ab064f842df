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

}  // namespace
}  // namespace lbd::vrrp
