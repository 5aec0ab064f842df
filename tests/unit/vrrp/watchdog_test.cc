// SPDX-License-Identifier: Apache-2.0
#include "vrrp/watchdog.h"

#include <gtest/gtest.h>

namespace lbd::vrrp {
namespace {

using std::chrono::milliseconds;

/// A worker and a port that do what the test says.
struct FastPath {
  uint64_t rounds = 0;
  uint64_t sent = 0;
  uint64_t refused = 0;
  Time now{1'000'000'000};
  Watchdog dog{{{"worker 0", [this] { return rounds; }}},
               {{"port wan0", [this] { return sent; }, [this] { return refused; }}}};

  /// The fault after `length`, looked at every 50 ms.
  std::string after(Time length) {
    std::string fault;
    for (const Time end = now + length; now < end;) {
      now += Watchdog::kEvery;
      fault = dog.check(now);
    }
    return fault;
  }
};

TEST(Watchdog, a_worker_that_stands_for_200_ms_is_a_fault) {
  FastPath path;
  EXPECT_EQ(path.after(milliseconds(200)), "");
  EXPECT_EQ(path.after(milliseconds(50)), "worker 0 has not been round its loop for 200 ms");
  ++path.rounds;
  EXPECT_EQ(path.after(milliseconds(50)), "");
}

TEST(Watchdog, whose_call_is_late_accuses_nobody) {
  FastPath path;
  path.after(milliseconds(100));
  path.now += milliseconds(5000);  // the process was stopped
  EXPECT_EQ(path.dog.check(path.now), "");
  EXPECT_EQ(path.after(milliseconds(150)), "");
  EXPECT_NE(path.after(milliseconds(100)), "");
  path.now += milliseconds(5000);
  EXPECT_NE(path.dog.check(path.now), "") << "and acquits nobody";
}

TEST(Watchdog, a_port_that_refuses_all_is_a_fault_until_it_sends_or_is_left_alone) {
  FastPath path;
  const auto moment = [&](bool sends) {
    ++path.rounds;
    ++path.refused;
    path.sent += sends ? 1 : 0;
    return path.after(milliseconds(50));
  };
  for (int i = 0; i < 20; ++i) EXPECT_EQ(moment(true), "");
  std::string fault;
  for (int i = 0; i < 6; ++i) fault = moment(false);
  EXPECT_EQ(fault, "port wan0 sends nothing of what it is given");
  EXPECT_EQ(moment(true), "");
  for (int i = 0; i < 6; ++i) fault = moment(false);
  EXPECT_NE(fault, "");
  for (int i = 0; i < 21; ++i) {
    ++path.rounds;
    fault = path.after(milliseconds(50));
  }
  EXPECT_EQ(fault, "");
}

}  // namespace
}  // namespace lbd::vrrp
