// SPDX-License-Identifier: Apache-2.0
#include "dataplane/mss.h"

#include <gtest/gtest.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <vector>

namespace lbd {
namespace {

using Bytes = std::vector<uint8_t>;

/// RFC 1071 over the segment, checksum field included, byte by byte.
uint32_t sum(const Bytes& bytes) {
  uint32_t out = 0;
  for (size_t i = 0; i < bytes.size(); ++i) out += i % 2 == 0 ? bytes[i] * 256u : bytes[i];
  while (out >> 16 != 0) out = (out & 0xffff) + (out >> 16);
  return out;
}

/// A TCP segment with these options, its checksum right (without a pseudo-header).
Bytes segment(Bytes options) {
  options.resize((options.size() + 3) / 4 * 4, 0);
  Bytes out(20 + options.size(), 0);
  out[0] = 0x0f;
  out[12] = static_cast<uint8_t>((20 + options.size()) / 4 << 4);
  out[13] = 2;
  std::copy(options.begin(), options.end(), out.begin() + 20);
  const uint32_t checksum = 0xffff - sum(out);
  out[16] = static_cast<uint8_t>(checksum >> 8);
  out[17] = static_cast<uint8_t>(checksum);
  return out;
}

Bytes clamped(Bytes bytes, uint16_t limit) {
  rte_mbuf mbuf{};
  mbuf.buf_addr = bytes.data();
  mbuf.data_len = static_cast<uint16_t>(bytes.size());
  Packet packet;
  packet.mbuf = &mbuf;
  packet.l4 = 0;
  clamp_mss(packet, limit);
  return bytes;
}

/// Options before, options after.
void expect(const Bytes& before, uint16_t limit, const Bytes& after) {
  const Bytes out = clamped(segment(before), limit);
  Bytes wanted = segment(after);
  EXPECT_EQ(sum(out), 0xffffu);
  EXPECT_EQ(out, wanted);
}

TEST(Mss, LowersWhatIsGreater) {
  expect({2, 4, 0x05, 0xb4}, 1420, {2, 4, 0x05, 0x8c});
  expect({2, 4, 0x05, 0x8c}, 1420, {2, 4, 0x05, 0x8c});
  expect({2, 4, 0x02, 0x18}, 1420, {2, 4, 0x02, 0x18});
  expect({4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 2, 4, 0xff, 0xff}, 88,
         {4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 2, 4, 0, 88});
}

TEST(Mss, AtAnOddPlace) {
  expect({1, 2, 4, 0x05, 0xb4, 1, 1, 1}, 1301, {1, 2, 4, 0x05, 0x15, 1, 1, 1});
  expect({3, 3, 7, 2, 4, 0xff, 0x01}, 0x1234, {3, 3, 7, 2, 4, 0x12, 0x34});
}

TEST(Mss, LeavesAloneWhatIsBrokenOrBehindTheEnd) {
  for (const Bytes& options :
       {Bytes{0, 2, 4, 0x05, 0xb4}, Bytes{3, 0, 2, 4, 5, 0xb4, 1, 1}, Bytes{1, 1, 2, 4},
        Bytes{2, 3, 5, 1}, Bytes{5, 40, 2, 4, 5, 0xb4}, Bytes{1, 1, 1, 2}})
    expect(options, 100, options);
}

TEST(Mss, AnyMssAndLimit) {
  for (uint32_t mss = 1; mss < 65536; mss += 257)
    for (uint32_t limit = 64; limit < 65536; limit += 4099) {
      const uint32_t least = std::min(mss, limit);
      expect({2, 4, uint8_t(mss >> 8), uint8_t(mss)}, static_cast<uint16_t>(limit),
             {2, 4, uint8_t(least >> 8), uint8_t(least)});
    }
}

}  // namespace
}  // namespace lbd
