// SPDX-License-Identifier: Apache-2.0
#include "dataplane/hugepages.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace lbd {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;

uint64_t read_number(const std::filesystem::path& path) {
  std::ifstream in(path);
  uint64_t value = 0;
  in >> value;
  return in ? value : 0;
}

uint64_t free_bytes(const std::vector<HugePages>& pages) {
  uint64_t sum = 0;
  for (const HugePages& size : pages) sum += size.free * size.page_bytes;
  return sum;
}

}  // namespace

std::vector<HugePages> read_hugepages(const std::string& root) {
  std::vector<HugePages> out;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(root, error)) {
    unsigned long long kilobytes = 0;  // hugepages-2048kB
    if (sscanf(entry.path().filename().c_str(), "hugepages-%llukB", &kilobytes) != 1) continue;
    const uint64_t free = read_number(entry.path() / "free_hugepages");
    const uint64_t reserved = read_number(entry.path() / "resv_hugepages");
    out.push_back({kilobytes * 1024, read_number(entry.path() / "nr_hugepages"),
                   free > reserved ? free - reserved : 0});
  }
  std::sort(out.begin(), out.end(),
            [](const HugePages& a, const HugePages& b) { return a.page_bytes < b.page_bytes; });
  return out;
}

Status check_hugepages(const std::vector<HugePages>& pages, uint64_t needed,
                       const std::string& purpose) {
  if (pages.empty())
    return Error{"this kernel has no huge pages: hugepages: false uses ordinary memory"};
  if (free_bytes(pages) >= needed) return Done{};
  // Only the smallest size can be had at run time with some certainty, so that is what we ask for.
  const HugePages& small = pages.front();
  const uint64_t missing_bytes = needed - free_bytes(pages);
  const uint64_t missing = (missing_bytes + small.page_bytes - 1) / small.page_bytes;
  std::string message = fmt::format("{} huge pages of {} MiB are free, {} are needed", small.free,
                                    small.page_bytes / kMiB, small.free + missing);
  if (!purpose.empty()) message += " for " + purpose;
  message += fmt::format(": echo {} >/proc/sys/vm/nr_hugepages, or hugepages: false",
                         small.total + missing);
  return Error{message};
}

std::string mebibytes(uint64_t bytes) {
  return fmt::format("{} MiB", (bytes + kMiB - 1) / kMiB);
}

}  // namespace lbd
