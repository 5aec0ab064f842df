// SPDX-License-Identifier: Apache-2.0
#include "common/crc32c.h"

#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <string>

namespace lbd {
namespace {

uint32_t crc32c(const void* data, size_t length) {
  return ~crc32c_add(~0u, data, length);
}

// RFC 3720 B.4.
TEST(Crc32c, KnownValues) {
  std::array<uint8_t, 32> bytes{};
  EXPECT_EQ(crc32c(bytes.data(), bytes.size()), 0x8a9136aau);
  bytes.fill(0xff);
  EXPECT_EQ(crc32c(bytes.data(), bytes.size()), 0x62a8ab43u);
  std::iota(bytes.begin(), bytes.end(), uint8_t{0});
  EXPECT_EQ(crc32c(bytes.data(), bytes.size()), 0x46dd794eu);
  EXPECT_EQ(crc32c("123456789", 9), 0xe3069283u);
}

TEST(Crc32c, InPieces) {
  const std::string text = "123456789";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    const uint32_t first = crc32c_add(~0u, text.data(), cut);
    EXPECT_EQ(~crc32c_add(first, text.data() + cut, text.size() - cut), 0xe3069283u);
  }
}

}  // namespace
}  // namespace lbd
