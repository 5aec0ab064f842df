// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "dataplane/connection_table.h"

namespace lbd {

/// Zeroed heap memory for a table, counted; refuses beyond `limit` bytes.
class TestMemory {
 public:
  explicit TestMemory(size_t limit = ~size_t{0}) : limit_(limit) {}
  TestMemory(const TestMemory&) = delete;

  TableMemory get() { return {&TestMemory::allocate, this}; }
  size_t used() const { return used_; }

 private:
  static void* allocate(size_t bytes, size_t alignment, void* context) {
    auto* self = static_cast<TestMemory*>(context);
    if (self->used_ + bytes > self->limit_) return nullptr;
    self->used_ += bytes;
    const size_t rounded = (bytes + alignment - 1) / alignment * alignment;
    self->blocks_.emplace_back(std::aligned_alloc(alignment, rounded), &std::free);
    return std::memset(self->blocks_.back().get(), 0, rounded);
  }

  size_t limit_;
  size_t used_ = 0;
  std::vector<std::unique_ptr<void, decltype(&std::free)>> blocks_;
};

inline FlowHash test_hash(uint64_t salt = 0) {
  return FlowHash({0x243f6a8885a308d3ull ^ salt, 0x13198a2e03707344ull, 0xa4093822299f31d0ull,
                   0x082efa98ec4e6c89ull, 0x452821e638d01377ull, 0xbe5466cf34e90c6cull});
}

/// Flow number `n`, every third one IPv6.
inline FlowKey test_key(uint32_t n) {
  if (n % 3 != 0) return FlowKey::v4(0x0a000000u + n / 1000, 0x0100000au, n % 1000 << 16 | 80, 6);
  const uint64_t addresses[4] = {0xb80d0120u, n, 0xb80d0120u, 7};
  return FlowKey::v6(addresses, 0x5000u | n << 20, 17);
}

}  // namespace lbd
