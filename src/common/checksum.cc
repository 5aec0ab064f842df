// SPDX-License-Identifier: Apache-2.0
#include "common/checksum.h"

#include <cstring>

#include "common/endian.h"

namespace lbd::checksum {

namespace {

template <class Word>
Word load(const uint8_t* bytes) {
  Word out;
  std::memcpy(&out, bytes, sizeof(out));
  return out;
}

/// Whole blocks of 64 bytes: 32-bit words into eight 64-bit sums, which lose no carry before 2^32
/// words. Vector extensions of GCC and Clang: AVX2 where the machine has it.
uint64_t add_blocks(const uint8_t* bytes, size_t blocks) {
  using Words [[gnu::vector_size(32)]] = uint64_t;
  Words low{};
  Words high{};
  for (; blocks > 0; --blocks, bytes += 64) {
    const auto first = load<Words>(bytes);
    const auto second = load<Words>(bytes + 32);
    low += (first & 0xffffffffu) + (second & 0xffffffffu);
    high += (first >> 32) + (second >> 32);
  }
  const Words sum = low + high;
  return sum[0] + sum[1] + sum[2] + sum[3];
}

}  // namespace

uint64_t add(const void* data, size_t length, uint64_t sum) {
  const auto* bytes = static_cast<const uint8_t*>(data);
  if (length >= 64) {
    sum += add_blocks(bytes, length / 64);
    bytes += length / 64 * 64;
    length %= 64;
  }
  for (; length >= 8; length -= 8, bytes += 8) {
    const auto words = load<uint64_t>(bytes);
    sum += (words & 0xffffffffu) + (words >> 32);
  }
  if (length & 4) {
    sum += load<uint32_t>(bytes);
    bytes += 4;
  }
  if (length & 2) {
    sum += load<uint16_t>(bytes);
    bytes += 2;
  }
  if (length & 1) sum += *bytes;  // little-endian: the first byte of its word
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
