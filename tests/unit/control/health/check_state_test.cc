// SPDX-License-Identifier: Apache-2.0
#include "control/health/check_state.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace lbd::health {
namespace {

using std::chrono::seconds;

const Time kStart{seconds(1000)};
const Timing kTiming{seconds(6), seconds(1), 2, 1};

/// Runs a check for each letter ('+' success, '-' failure), each as soon as it is due and `takes`
/// long, and writes the verdict after each: U, D or ?.
std::string run(CheckState& state, const std::string& results, milliseconds takes = {}) {
  std::string out;
  for (const char c : results) {
    state.result(c == '+', state.due() + takes);
    out += state.verdict() == Verdict::kUp ? 'U' : state.verdict() == Verdict::kDown ? 'D' : '?';
  }
  return out;
}

TEST(CheckState, ARestIsNoResult) {
  CheckState state(kTiming, Verdict::kUp, kStart);
  run(state, "--");
  state.pause(kStart);
  EXPECT_EQ(state.due(), kStart + kPause);
  EXPECT_EQ(state.failures(), 2u);
  EXPECT_EQ(state.verdict(), Verdict::kUp);
  CheckState hasty({milliseconds(100), seconds(1), 2, 1}, Verdict::kUp, kStart);
  hasty.pause(kStart);
  EXPECT_EQ(hasty.due(), kStart + milliseconds(100));
}

TEST(CheckState, TableOfResults) {
  struct Row {
    unsigned retries, rise;
    Verdict initial;
    const char* results;
    const char* verdicts;
  };
  for (const Row& row : {
           Row{0, 1, Verdict::kUnknown, "+-+", "UDU"},
           Row{1, 1, Verdict::kUnknown, "--+--+", "?DUUDU"},
           Row{2, 1, Verdict::kUp, "---+", "UUDU"},
           Row{2, 1, Verdict::kUp, "--+--+---", "UUUUUUUUD"},  // flapping below the retries
           Row{0, 3, Verdict::kDown, "++-+++", "DDDDDU"},
           Row{0, 2, Verdict::kUnknown, "+-++", "?DDU"},
           Row{3, 1, Verdict::kDown, "-+", "DU"},
           Row{1, 2, Verdict::kUp, "-+-+--", "UUUUUD"},
       }) {
    CheckState state({seconds(6), seconds(1), row.retries, row.rise}, row.initial, kStart);
    EXPECT_EQ(run(state, row.results), row.verdicts) << row.results;
  }
}

TEST(CheckState, AChangeIsToldOnce) {
  CheckState state(kTiming, Verdict::kUnknown, kStart);
  EXPECT_TRUE(state.result(true, kStart));
  EXPECT_FALSE(state.result(true, kStart));
  EXPECT_FALSE(state.result(false, kStart));
  EXPECT_FALSE(state.result(false, kStart));
  EXPECT_TRUE(state.result(false, kStart));
  EXPECT_FALSE(state.result(false, kStart));
  EXPECT_EQ(state.failures(), 4u);
}

TEST(CheckState, KeepsItsBeatHoweverLongARunTakes) {
  CheckState state(kTiming, Verdict::kUp, kStart);
  run(state, "+", milliseconds(900));
  EXPECT_EQ(state.due(), kStart + seconds(6));
  run(state, "+", seconds(20));  // the runs at 12, 18 and 24 s are left out
  EXPECT_EQ(state.due(), kStart + seconds(30));
}

TEST(CheckState, RetriesAfterTheirDelayAndIsDownInTime) {
  CheckState state(kTiming, Verdict::kUp, kStart);
  const milliseconds timeout = seconds(5);
  run(state, "-", timeout);
  EXPECT_EQ(state.due(), kStart + timeout + seconds(1));
  run(state, "-", timeout);
  const Time last = state.due();
  run(state, "-", timeout);
  EXPECT_EQ(state.verdict(), Verdict::kDown);
  // retries + 1 timeouts and `retries` delays after the first bad run began.
  EXPECT_EQ(last + timeout, kStart + 3 * timeout + 2 * seconds(1));
  // Down: no more retries, the beat is the interval.
  EXPECT_EQ(state.due(), last + seconds(6));
}

TEST(CheckState, ARunThatCouldNotBeMadeDecidesNothing) {
  CheckState state({seconds(6), seconds(1), 0, 1}, Verdict::kUp, kStart);
  state.postpone(kStart);
  EXPECT_EQ(state.verdict(), Verdict::kUp);
  EXPECT_EQ(state.failures(), 0u);
  EXPECT_EQ(state.due(), kStart + seconds(1));
}

TEST(CheckState, Lateness) {
  CheckState state(kTiming, Verdict::kUp, kStart);
  EXPECT_EQ(state.lateness(kStart + milliseconds(7)), milliseconds(7));
  EXPECT_EQ(state.lateness(kStart - milliseconds(7)), milliseconds(0));
}

TEST(CheckState, FirstRunsAreSpreadOverTheInterval) {
  for (const int64_t count : {1, 2, 3, 10, 1000}) {
    std::vector<int64_t> offsets;
    for (int64_t i = 0; i < count; ++i) {
      const Time due = first_due(kStart, seconds(6), static_cast<uint64_t>(i));
      ASSERT_GE(due, kStart);
      ASSERT_LT(due, kStart + seconds(6));
      offsets.push_back(std::chrono::duration_cast<milliseconds>(due - kStart).count());
    }
    offsets.push_back(6000);
    std::sort(offsets.begin(), offsets.end());
    // No gap is wider than 2.7 times that of an even spread (three-distance theorem).
    int64_t before = 0;
    for (const int64_t offset : offsets) {
      EXPECT_LE(offset - before, 6000 * 27 / 10 / count + 2) << count;
      before = offset;
    }
  }
}

}  // namespace
}  // namespace lbd::health
