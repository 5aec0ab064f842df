// SPDX-License-Identifier: Apache-2.0
#include "common/checksum.h"

#include <array>
#include <cstring>

#include "common/endian.h"

namespace lbd::checksum {

uint64_t add(const void* data, size_t length, uint64_t sum) {
  const auto* bytes = static_cast<const uint8_t*>(data);
  // 32-bit words into a 64-bit sum: no carry can be lost before 2^32 words.
  while (length >= 16) {
    std::array<uint32_t, 4> words;
    std::memcpy(words.data(), bytes, 16);
    sum += uint64_t{words[0]} + words[1] + words[2] + words[3];
    bytes += 16;
    length -= 16;
  }
  while (length >= 2) {
    uint16_t word;
    std::memcpy(&word, bytes, 2);
    sum += word;
    bytes += 2;
    length -= 2;
  }
  if (length == 1) {
    uint16_t word = 0;
    std::memcpy(&word, bytes, 1);
    sum += word;
  }
  return sum;
}

uint64_t pseudo_header(const void* addresses, size_t address_bytes, uint8_t protocol,
                       uint32_t l4_length) {
  uint64_t sum = add(addresses, address_bytes);
  sum += Be32(l4_length).raw();
  sum += Be32(protocol).raw();
  return sum;
}

}  // namespace lbd::checksum
