// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>

namespace lbd {

/// An unsigned integer stored in network order, without alignment demands (packed wire headers).
/// It converts only on request, so host and network order cannot be mixed by accident.
template <class T>
class [[gnu::packed]] BigEndian {
 public:
  constexpr BigEndian() = default;
  constexpr explicit BigEndian(T host) : raw_(swap(host)) {}
  static constexpr BigEndian from_raw(T raw) {
    BigEndian out;
    out.raw_ = raw;
    return out;
  }

  constexpr T host() const { return swap(raw_); }
  /// As it lies in memory: for copying and comparing, never for arithmetic.
  constexpr T raw() const { return raw_; }
  friend constexpr bool operator==(BigEndian a, BigEndian b) { return a.raw_ == b.raw_; }

 private:
  static constexpr T swap(T value) {
    static_assert(std::endian::native == std::endian::little);
    if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
    if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
    if constexpr (sizeof(T) == 8) return __builtin_bswap64(value);
  }
  T raw_ = 0;
};

using Be16 = BigEndian<uint16_t>;
using Be32 = BigEndian<uint32_t>;
static_assert(sizeof(Be16) == 2 && alignof(Be16) == 1);
static_assert(sizeof(Be32) == 4 && alignof(Be32) == 1);

}  // namespace lbd
