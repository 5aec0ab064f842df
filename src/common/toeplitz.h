// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

// Toeplitz, the hash of receive side scaling. Network cards compute it over source address,
// destination address, source port, destination port as they lie on the wire; so does this.
namespace lbd {

inline constexpr size_t kRssKeyBytes =
    52;  // what most 40G+ devices take; 40-byte ones use its start

/// The key that lbd gives to every device unless lb.yaml has another: the widely used verification
/// key of RSS, continued.
const std::array<uint8_t, kRssKeyBytes>& default_rss_key();

/// Toeplitz by table: one look-up and one XOR for each input byte.
class Toeplitz {
 public:
  static constexpr size_t kMaxInput = 36;  // IPv6 addresses and ports

  /// `key` must have at least kMaxInput + 4 bytes; the rest is not used.
  explicit Toeplitz(std::span<const uint8_t> key);

  /// `input`: at most kMaxInput bytes in network order. Returns the hash in host order.
  uint32_t hash(const uint8_t* input, size_t length) const {
    uint32_t out = 0;
    for (size_t i = 0; i < length; ++i) out ^= table_[i][input[i]];
    return out;
  }

 private:
  std::vector<std::array<uint32_t, 256>> table_;
};

}  // namespace lbd
