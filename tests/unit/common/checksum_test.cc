// SPDX-License-Identifier: Apache-2.0
#include "common/checksum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

namespace lbd::checksum {
namespace {

/// RFC 1071 4.1, word by word in host order; the result in network order, as it lies in memory.
uint16_t slow(const uint8_t* data, size_t length) {
  uint32_t sum = 0;
  for (size_t i = 0; i < length; ++i) sum += i % 2 == 0 ? data[i] << 8 : data[i];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return __builtin_bswap16(static_cast<uint16_t>(~sum));
}

std::vector<uint8_t> random_bytes(size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<uint8_t> out(size);
  for (uint8_t& byte : out) byte = static_cast<uint8_t>(random());
  return out;
}

TEST(Checksum, IsTheSlowOneAtEveryLengthAndAlignment) {
  const auto bytes = random_bytes(1'700, 1);
  for (size_t start = 0; start < 33; ++start)
    for (size_t length = 0; length <= 1'600; ++length)
      ASSERT_EQ(of(&bytes[start], length), slow(&bytes[start], length)) << start << "+" << length;
}

TEST(Checksum, LosesNoCarry) {
  const std::vector<uint8_t> ones(70'000, 0xff);
  for (const size_t length : {1u, 2u, 31u, 64u, 65'535u, 70'000u})
    EXPECT_EQ(of(ones.data(), length), slow(ones.data(), length)) << length;
  for (const uint64_t sum : {uint64_t{0xffffffffffffffff}, uint64_t{0xfffffffffffffffe},
                             uint64_t{0x1fffffffe}, uint64_t{0xffff0000ffff}})
    EXPECT_EQ(fold(sum) % 0xffff, sum % 0xffff) << std::hex << sum;
}

TEST(Checksum, GoesOnFromASum) {
  const auto bytes = random_bytes(512, 2);
  for (size_t cut = 0; cut <= 512; cut += 2)
    EXPECT_EQ(fold(add(&bytes[cut], 512 - cut, add(bytes.data(), cut))),
              fold(add(bytes.data(), 512)));
}

TEST(Checksum, KnowsTheExampleOfRfc1071) {
  const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  const uint8_t sum[] = {0xdd, 0xf2};  // the RFC's ddf2, in network order
  uint16_t expected;
  std::memcpy(&expected, sum, 2);
  EXPECT_EQ(fold(add(bytes, sizeof(bytes))), expected);
}

TEST(Checksum, AValidHeaderIsValidAndABrokenOneIsNot) {
  auto bytes = random_bytes(20, 3);
  bytes[10] = bytes[11] = 0;
  const uint16_t value = of(bytes.data(), 20);
  std::memcpy(&bytes[10], &value, 2);
  EXPECT_TRUE(valid(bytes.data(), 20));
  for (unsigned bit = 0; bit < 160; ++bit) {
    bytes[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    EXPECT_FALSE(valid(bytes.data(), 20)) << bit;
    bytes[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
  }
}

TEST(Checksum, UpdateIsWhatRecomputingGives) {
  std::mt19937 random(4);
  for (int round = 0; round < 200'000; ++round) {
    uint16_t words[10];
    for (uint16_t& word : words)
      word = static_cast<uint16_t>(random() % 3 ? random() : random() % 2 * 0xffff);
    words[5] = 0;
    words[5] = of(words, sizeof(words));
    const unsigned at = random() % 2 ? 4 : 8;
    const auto after = static_cast<uint16_t>(random() % 3 ? random() : random() % 2 * 0xffff);
    const uint16_t updated = update(words[5], words[at], after);
    words[at] = after;
    words[5] = updated;
    const bool all_zero = std::all_of(words, words + 10, [](uint16_t word) { return word == 0; });
    ASSERT_TRUE(valid(words, sizeof(words)) || all_zero);
  }
}

TEST(Checksum, PseudoHeadersAreThoseOfTheRfcs) {
  const auto addresses = random_bytes(32, 5);
  for (const size_t size : {8u, 32u}) {
    std::vector<uint8_t> header(addresses.begin(), addresses.begin() + static_cast<long>(size));
    if (size == 8)  // RFC 793 3.1: zero, protocol, length
      header.insert(header.end(), {0, 17, 0x05, 0xdc});
    else  // RFC 8200 8.1: length (4 bytes), three zeros, next header
      header.insert(header.end(), {0, 0, 0x05, 0xdc, 0, 0, 0, 17});
    EXPECT_EQ(static_cast<uint16_t>(~fold(pseudo_header(addresses.data(), size, 17, 1'500))),
              slow(header.data(), header.size()));
  }
}

}  // namespace
}  // namespace lbd::checksum
