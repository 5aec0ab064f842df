// SPDX-License-Identifier: Apache-2.0
#include "control/vrrp/find_process.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace lbd {
namespace {

/// A /proc of our own.
class FindProcess : public testing::Test {
 protected:
  FindProcess() : home_(testing::TempDir() + "find_process") { std::filesystem::remove_all(home_); }
  ~FindProcess() override { std::filesystem::remove_all(home_); }

  void add(pid_t pid, const std::string& name, const std::string& arguments, char state = 'S') {
    const std::string home = home_ + "/" + std::to_string(pid);
    std::filesystem::create_directories(home);
    std::ofstream(home + "/comm") << name << "\n";
    std::ofstream(home + "/cmdline") << arguments;
    std::ofstream(home + "/stat") << pid << " (" << name << ") " << state << " 1 1";
  }

  std::string home_;
};

using Found = std::map<std::string, pid_t>;

TEST_F(FindProcess, by_the_kernels_name_or_the_first_argument) {
  add(10, "nginx", std::string("nginx: master process"));
  add(7, "a-very-long-nam", std::string("/usr/bin/a-very-long-name\0-d", 28));
  std::filesystem::create_directories(home_ + "/sys");
  EXPECT_EQ(find_processes({"nginx", "a-very-long-name", "-d", "bird"}, home_),
            (Found{{"nginx", 10}, {"a-very-long-name", 7}}));
}

TEST_F(FindProcess, the_first_of_several_that_runs) {
  add(12, "nginx", "");
  add(9, "nginx", "", 'Z');
  add(11, "nginx", "");
  add(13, "odd) Z (name", "");
  EXPECT_EQ(find_processes({"nginx", "odd) Z (name"}, home_),
            (Found{{"nginx", 11}, {"odd) Z (name", 13}}));
}

TEST_F(FindProcess, one_that_is_known) {
  add(9, "nginx", "", 'Z');
  add(10, "nginx", "");
  EXPECT_TRUE(is_process(10, "nginx", home_));
  EXPECT_FALSE(is_process(10, "bird", home_));
  EXPECT_FALSE(is_process(9, "nginx", home_));
  EXPECT_FALSE(is_process(11, "nginx", home_));
}

TEST_F(FindProcess, nothing_there) {
  EXPECT_EQ(find_processes({"nginx"}, home_ + "/nowhere"), Found{});
}

}  // namespace
}  // namespace lbd
