// SPDX-License-Identifier: Apache-2.0
#include "control/vrrp/target_tracker.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <thread>

namespace lbd {
namespace {

using std::chrono::milliseconds;

/// A network namespace of this thread's own, where 127.0.0.1 and ::1 answer once lo is up.
class TargetTrackerTest : public testing::Test {
 protected:
  void SetUp() override {
    home = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (::geteuid() != 0 || ::unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "needs root";
  }
  void TearDown() override {
    ::setns(home, CLONE_NEWNET);
    ::close(home);
  }
  void lo(const std::string& state) {
    ASSERT_EQ(std::system(("ip link set lo " + state).c_str()), 0);
  }
  void configure(const std::string& address, unsigned rise, unsigned fall) {
    config::VrrpInstance instance;
    instance.track_targets.push_back({*IpAddress::parse(address), milliseconds(10), rise, fall, 0});
    tracker.configure({instance});
  }
  /// Until something is told or the time is over.
  std::optional<bool> wait(milliseconds most) {
    told.reset();
    const auto end = std::chrono::steady_clock::now() + most;
    while (!told && std::chrono::steady_clock::now() < end) io.run_one_for(milliseconds(5));
    return std::exchange(told, std::nullopt);
  }

  int home = -1;
  boost::asio::io_context io;
  std::optional<bool> told;
  TargetTracker tracker{io, [this](const IpAddress&, bool up) { told = up; }};
};

TEST_F(TargetTrackerTest, down_up_and_down_again) {
  for (const std::string address : {"127.0.0.1", "::1"}) {
    lo("down");
    configure(address, 2, 4);
    EXPECT_EQ(wait(milliseconds(25)), std::nullopt) << "two misses say nothing yet";
    EXPECT_EQ(wait(milliseconds(5000)), false);
    lo("up");
    EXPECT_EQ(wait(milliseconds(5000)), true);
    EXPECT_EQ(wait(milliseconds(100)), std::nullopt) << "nothing new";
    lo("down");
    EXPECT_EQ(wait(milliseconds(5000)), false);
  }
}

TEST_F(TargetTrackerTest, one_that_has_gone_says_nothing) {
  lo("up");
  configure("127.0.0.1", 1, 1);
  ASSERT_EQ(wait(milliseconds(5000)), true);
  tracker.configure({});
  lo("down");
  EXPECT_EQ(wait(milliseconds(100)), std::nullopt);
}

}  // namespace
}  // namespace lbd
