// SPDX-License-Identifier: Apache-2.0
#include "common/toeplitz.h"

namespace lbd {
namespace {

/// The 32 key bits that start at bit `offset`.
uint32_t key_window(std::span<const uint8_t> key, size_t offset) {
  uint32_t window = 0;
  for (size_t bit = offset; bit < offset + 32; ++bit)
    window = (window << 1) | ((key[bit / 8] >> (7 - bit % 8)) & 1u);
  return window;
}

}  // namespace

const std::array<uint8_t, kRssKeyBytes>& default_rss_key() {
  static constexpr std::array<uint8_t, kRssKeyBytes> kKey = {
      0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43,
      0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb,
      0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01,
      0xfa, 0x3c, 0x91, 0x5e, 0x77, 0x0d, 0xe4, 0x68, 0x1b, 0xf3, 0x29, 0xa6, 0x54};
  return kKey;
}

Toeplitz::Toeplitz(std::span<const uint8_t> key) : table_(kMaxInput) {
  for (size_t position = 0; position < kMaxInput; ++position)
    for (unsigned value = 0; value < 256; ++value)
      for (unsigned bit = 0; bit < 8; ++bit)
        if (value & (0x80u >> bit)) table_[position][value] ^= key_window(key, position * 8 + bit);
}

}  // namespace lbd
