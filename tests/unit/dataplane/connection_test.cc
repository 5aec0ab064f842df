// SPDX-License-Identifier: Apache-2.0
#include "dataplane/connection.h"

#include <gtest/gtest.h>

namespace lbd {
namespace {

TEST(FlowKey, TellsWhatItWasMadeOf) {
  for (const auto& [from, to] : {std::pair{"10.0.0.9:4000", "192.0.2.1:80"},
                                 std::pair{"[2001:db8::9]:4000", "[2001:db8::1]:80"}}) {
    const Endpoint source = *Endpoint::parse(from);
    const Endpoint destination = *Endpoint::parse(to);
    const FlowKey key = FlowKey::make(source, destination, 6);
    EXPECT_EQ(key.source(), source);
    EXPECT_EQ(key.destination(), destination);
    EXPECT_EQ(key.protocol(), 6);
    EXPECT_EQ(key.is_v4(), source.address.is_v4());
  }
}

TEST(FlowKey, IsTheSameFromTheWire) {
  // Source 10.0.0.9, destination 192.0.2.1; ports 4000 and 80: bytes in network order.
  const uint8_t wire[] = {10, 0, 0, 9, 192, 0, 2, 1, 0x0f, 0xa0, 0, 80};
  uint32_t words[3];
  std::memcpy(words, wire, sizeof(words));
  EXPECT_EQ(FlowKey::v4(words[0], words[1], words[2], 17),
            FlowKey::make(*Endpoint::parse("10.0.0.9:4000"), *Endpoint::parse("192.0.2.1:80"), 17));
}

TEST(FlowKey, DiffersInEachPart) {
  const Endpoint a = *Endpoint::parse("[2001:db8::9]:4000");
  const Endpoint b = *Endpoint::parse("[2001:db8::1]:80");
  const FlowKey key = FlowKey::make(a, b, 6);
  EXPECT_FALSE(key == FlowKey::make(b, a, 6));
  EXPECT_FALSE(key == FlowKey::make(a, b, 17));
  for (unsigned word = 0; word < 4; ++word) {
    FlowKey other = key;
    other.address[word] ^= 1;
    EXPECT_FALSE(key == other);
  }
}

}  // namespace
}  // namespace lbd
