// SPDX-License-Identifier: Apache-2.0
#include "control/kernel/netlink_message.h"

#include <gtest/gtest.h>
#include <linux/rtnetlink.h>

#include <cstring>
#include <memory>
#include <random>

namespace lbd::netlink {
namespace {

constexpr std::array<uint16_t, 10> kTypes{RTM_NEWLINK,    RTM_DELLINK,  RTM_NEWADDR,  RTM_DELADDR,
                                          RTM_NEWROUTE,   RTM_DELROUTE, RTM_NEWNEIGH, RTM_DELNEIGH,
                                          RTM_NEWNEXTHOP, RTM_GETLINK};

// With the address sanitizer this finds reads beyond the message.
TEST(NetlinkMessage, RandomBytesHarmNobody) {
  std::mt19937 random(7);
  size_t parsed = 0;
  for (int round = 0; round < 200'000; ++round) {
    const size_t length = NLMSG_HDRLEN + random() % 120;
    const auto bytes = std::make_unique<uint8_t[]>(length);
    for (size_t i = NLMSG_HDRLEN; i < length; ++i) {
      // Small numbers make likely lengths, types and families.
      bytes[i] = static_cast<uint8_t>(random() % 4 == 0 ? random() : random() % 12);
    }
    auto* header = reinterpret_cast<nlmsghdr*>(bytes.get());
    *header = {};
    header->nlmsg_len = static_cast<uint32_t>(length);
    header->nlmsg_type = kTypes[random() % kTypes.size()];
    if (parse(header)) ++parsed;
  }
  EXPECT_GT(parsed, 1000u) << "the bytes are too random to test anything";
}

TEST(NetlinkMessage, HeaderAloneIsNothing) {
  nlmsghdr header{};
  header.nlmsg_len = sizeof(header);
  header.nlmsg_type = RTM_NEWROUTE;
  EXPECT_FALSE(parse(&header));
}

}  // namespace
}  // namespace lbd::netlink
