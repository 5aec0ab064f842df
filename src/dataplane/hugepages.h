// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"

// Huge pages as the kernel counts them (Documentation/admin-guide/mm/hugetlbpage). No DPDK in here.
namespace lbd {

struct HugePages {
  uint64_t page_bytes = 0;
  uint64_t total = 0;  // pages
  uint64_t free = 0;   // pages nobody uses or has reserved
};

/// One entry a page size, from `root` (/sys/kernel/mm/hugepages); empty where the kernel has none.
std::vector<HugePages> read_hugepages(const std::string& root = "/sys/kernel/mm/hugepages");

/// Done where `needed` bytes fit into the free pages. Else one line that says how many pages are
/// missing and how to get them. `purpose`: what the memory is for, may be empty.
Status check_hugepages(const std::vector<HugePages>& pages, uint64_t needed,
                       const std::string& purpose);

/// "310 MiB"; rounded up.
std::string mebibytes(uint64_t bytes);

}  // namespace lbd
