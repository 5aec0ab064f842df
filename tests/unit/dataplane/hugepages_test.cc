// SPDX-License-Identifier: Apache-2.0
#include "dataplane/hugepages.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace lbd {
namespace {

constexpr uint64_t kMiB = 1 << 20;

TEST(HugePages, EnoughIsEnough) {
  EXPECT_TRUE(check_hugepages({{2 * kMiB, 20, 10}}, 20 * kMiB, ""));
  EXPECT_FALSE(check_hugepages({{2 * kMiB, 20, 10}}, 20 * kMiB + 1, ""));
  EXPECT_TRUE(check_hugepages({{2 * kMiB, 0, 0}, {1024 * kMiB, 1, 1}}, 700 * kMiB, ""));
}

TEST(HugePages, SaysHowManyAndHow) {
  // 4 pages are in use by others: 12 free of 16, and 310 wanted, so 314 in all.
  const Status status = check_hugepages({{2 * kMiB, 16, 12}}, 619 * kMiB, "two workers");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message,
            "12 huge pages of 2 MiB are free, 310 are needed for two workers: echo 314 "
            ">/proc/sys/vm/nr_hugepages, or hugepages: false");
}

TEST(HugePages, LargerOnesCount) {
  const Status status = check_hugepages({{2 * kMiB, 0, 0}, {1024 * kMiB, 1, 1}}, 1026 * kMiB, "");
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find("echo 1 >"), std::string::npos) << status.error().message;
}

TEST(HugePages, NoneInThisKernel) {
  EXPECT_FALSE(check_hugepages({}, 1, ""));
  EXPECT_TRUE(read_hugepages("/nonexistent").empty());
}

TEST(HugePages, ReadsTheKernelsFiles) {
  namespace fs = std::filesystem;
  const fs::path root = fs::temp_directory_path() / ("lbd-hugepages-" + std::to_string(getpid()));
  const auto write = [&](const char* size, const char* name, int value) {
    fs::create_directories(root / size);
    std::ofstream(root / size / name) << value << '\n';
  };
  write("hugepages-1048576kB", "nr_hugepages", 1);
  write("hugepages-1048576kB", "free_hugepages", 1);
  write("hugepages-1048576kB", "resv_hugepages", 0);
  write("hugepages-2048kB", "nr_hugepages", 50);
  write("hugepages-2048kB", "free_hugepages", 30);
  write("hugepages-2048kB", "resv_hugepages", 8);
  const auto pages = read_hugepages(root);
  fs::remove_all(root);
  ASSERT_EQ(pages.size(), 2u);
  EXPECT_EQ(pages[0].page_bytes, 2 * kMiB);
  EXPECT_EQ(pages[0].total, 50u);
  EXPECT_EQ(pages[0].free, 22u) << "reserved pages are promised to somebody";
  EXPECT_EQ(pages[1].page_bytes, 1024 * kMiB);
}

TEST(HugePages, MebibytesRoundUp) {
  EXPECT_EQ(mebibytes(1), "1 MiB");
  EXPECT_EQ(mebibytes(620 * kMiB), "620 MiB");
}

}  // namespace
}  // namespace lbd
