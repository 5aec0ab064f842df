// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/mman.h>

#include <utility>
#include <vector>

#include "dataplane/connection_table.h"

namespace lbd::bench {

/// Table memory in huge pages as lbd has it: reserved ones where there are any, else transparent
/// ones.
class HugeMemory {
 public:
  HugeMemory() = default;
  HugeMemory(const HugeMemory&) = delete;
  ~HugeMemory() {
    for (const auto& [address, size] : blocks_) munmap(address, size);
  }
  TableMemory get() { return {&HugeMemory::allocate, this}; }

 private:
  static constexpr size_t kPage = size_t{2} << 20;

  static void* allocate(size_t bytes, size_t, void* context) {
    const size_t size = (bytes + kPage - 1) / kPage * kPage;
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    void* address =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, flags | MAP_HUGETLB | MAP_POPULATE, -1, 0);
    if (address == MAP_FAILED) {
      address = mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, -1, 0);
      if (address == MAP_FAILED) return nullptr;
      madvise(address, size, MADV_HUGEPAGE);
    }
    static_cast<HugeMemory*>(context)->blocks_.emplace_back(address, size);
    return address;
  }

  std::vector<std::pair<void*, size_t>> blocks_;
};

}  // namespace lbd::bench
