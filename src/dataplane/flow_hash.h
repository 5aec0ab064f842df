// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/connection.h"

namespace lbd {

/// The hash of the connection tables: seeded and not linear, so that a stranger who knows Toeplitz
/// or CRC (both linear) cannot aim flows at one bucket, and independent of the owner function,
/// whose bits are constant on a worker. Words are mixed with secret words and folded by
/// 64x64->128-bit multiplication.
class FlowHash {
 public:
  using Seed = std::array<uint64_t, 6>;

  /// `seed` must be random and secret (getrandom(2)); one for all tables of a process will do.
  explicit FlowHash(const Seed& seed) : seed_(seed) { seed_[5] |= 1; }

  uint64_t operator()(const FlowKey& key) const {
    uint64_t mixed = fold(key.address[0] ^ seed_[0], key.ports_protocol ^ seed_[1]);
    if (!key.is_v4()) [[unlikely]] {
      mixed ^= fold(key.address[1] ^ seed_[2], key.address[2] ^ seed_[3]);
      mixed = fold(mixed ^ seed_[2], key.address[3] ^ seed_[3]);
    }
    return fold(mixed ^ seed_[4], seed_[5]);
  }

 private:
  static uint64_t fold(uint64_t a, uint64_t b) {
    const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  }
  Seed seed_;
};

}  // namespace lbd
