// SPDX-License-Identifier: Apache-2.0
#include "control/command/runner.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <fstream>
#include <optional>
#include <vector>

namespace lbd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using End = CommandResult::End;

class RunnerTest : public testing::Test {
 protected:
  static Command shell(const std::string& script) {
    Command command;
    command.words = {"/bin/sh", "-c", script};
    return command;
  }
  CommandRunner::Finished note() {
    return [this](const CommandResult& result) { results_.push_back(result); };
  }
  /// Runs the loop until so many commands have ended.
  void run_until(size_t count) {
    const auto give_up = std::chrono::steady_clock::now() + seconds(30);
    while (results_.size() < count && std::chrono::steady_clock::now() < give_up) {
      io_.restart();
      io_.run_one_for(seconds(1));
    }
    ASSERT_EQ(results_.size(), count);
  }
  CommandResult one(Command command) {
    runner_.run(std::move(command), note());
    run_until(1);
    return results_.empty() ? CommandResult{} : results_[0];
  }
  /// True as soon as no process has this id, or only a zombie that somebody else has to reap.
  static bool gone(pid_t pid) {
    for (int n = 0; n < 500; ++n) {
      std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
      std::string text;
      std::getline(file, text);
      if (text.empty() || text.find(") Z ") != std::string::npos) return true;
      ::usleep(10'000);
    }
    return false;
  }
  static bool no_children() { return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD; }

  std::vector<CommandResult> results_;
  boost::asio::io_context io_;
  CommandRunner runner_{io_};
};

TEST_F(RunnerTest, TellsExitCodeAndOutput) {
  const auto result = one(shell("echo out; echo err >&2; exit 3"));
  EXPECT_EQ(result.end, End::kExited);
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.output, "out\nerr\n");
  EXPECT_EQ(result.describe(), "exit code 3");
  EXPECT_TRUE(no_children());
}

TEST_F(RunnerTest, PassesArgumentsAndEnvironment) {
  ::setenv("LBD_TEST_OLD", "old", 1);
  Command command = shell("echo \"$1|$A|$LBD_TEST_OLD\"");
  command.words.insert(command.words.end(), {"sh", "b c"});
  command.environment = {{"A", "x y"}, {"LBD_TEST_OLD", "new"}};
  EXPECT_EQ(one(std::move(command)).output, "b c|x y|new\n");
}

TEST_F(RunnerTest, TellsTheSignalThatEndedIt) {
  const auto result = one(shell("kill -9 $$"));
  EXPECT_EQ(result.end, End::kSignalled);
  EXPECT_EQ(result.code, 9);
}

TEST_F(RunnerTest, AMissingProgramIsToldLater) {
  Command command;
  command.words = {"/nowhere/program"};
  runner_.run(std::move(command), note());
  EXPECT_TRUE(results_.empty());
  run_until(1);
  EXPECT_EQ(results_[0].describe(),
            "not started: /nowhere/program: execve: No such file or directory");
  EXPECT_TRUE(no_children());
}

TEST_F(RunnerTest, InheritsNoDescriptorAndNoIgnoredSignal) {
  const int kept = ::dup(0);  // not close-on-exec
  ::signal(SIGPIPE, SIG_IGN);
  const auto result = one(shell("ls /proc/self/fd | wc -l; grep SigIgn /proc/self/status"));
  ::close(kept);
  // 0, 1, 2 and the one by which ls reads the directory.
  EXPECT_EQ(result.output, "4\nSigIgn:\t0000000000000000\n");
}

TEST_F(RunnerTest, RunsAsAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  Command command = shell("id -u; id -g; id -G");
  command.user = CommandUser{65534, 65533, {65533}};
  EXPECT_EQ(one(std::move(command)).output, "65534\n65533\n65533\n");
  EXPECT_EQ(::geteuid(), 0u);
}

TEST_F(RunnerTest, ATimeoutKillsTheWholeGroup) {
  // Deaf to TERM, with a child that is deaf too.
  Command command =
      shell("trap '' TERM; sh -c 'trap \"\" TERM; sleep 100' & echo $!; wait; sleep 100");
  command.timeout = milliseconds(300);
  command.grace = milliseconds(100);
  const auto result = one(std::move(command));
  EXPECT_EQ(result.end, End::kTimedOut);
  EXPECT_GE(result.took, milliseconds(400));
  const pid_t left = std::stoi(result.output);
  EXPECT_TRUE(gone(left));
  EXPECT_TRUE(no_children());
}

TEST_F(RunnerTest, LeftoversOfACheckAreKilledOthersLive) {
  Command check = shell("sleep 100 >/dev/null 2>&1 & echo $!");
  check.kill_leftovers = true;
  const auto killed = one(std::move(check));
  EXPECT_EQ(killed.end, End::kExited);
  EXPECT_TRUE(gone(std::stoi(killed.output)));
  runner_.run(shell("sleep 100 >/dev/null 2>&1 & echo $!"), note());
  run_until(2);
  const pid_t daemon = std::stoi(results_[1].output);
  EXPECT_EQ(::kill(daemon, 0), 0);
  ::kill(daemon, SIGKILL);
}

TEST_F(RunnerTest, AFloodEndsInTime) {
  const auto result = one(shell("exec cat /dev/zero"));
  EXPECT_EQ(result.end, End::kFlooded);
  EXPECT_EQ(result.output.size(), Command{}.keep_output);
  EXPECT_TRUE(no_children());
}

TEST_F(RunnerTest, KeepsABoundedPieceOfALongOutput) {
  Command command = shell("head -c 300000 /dev/zero; exit 5");
  command.keep_output = 100;
  const auto result = one(std::move(command));
  EXPECT_EQ(result.code, 5);
  EXPECT_EQ(result.output.size(), 100u);
}

TEST_F(RunnerTest, CommandsOfAnOwnerKeepTheirOrder) {
  std::string order;
  const auto put = [&](const std::string& owner, const char* script) {
    runner_.enqueue(owner, shell(script), [&order, this](const CommandResult& result) {
      order += result.output;
      results_.push_back(result);
    });
  };
  put("a", "sleep 0.3; printf 1");
  put("a", "printf 2");
  put("a", "printf 3");
  put("b", "printf x");
  EXPECT_EQ(runner_.pending(), 4u);
  run_until(4);
  EXPECT_EQ(order, "x123");
  EXPECT_EQ(runner_.pending(), 0u);
}

TEST_F(RunnerTest, ALongQueueDropsTheOldest) {
  for (size_t n = 0; n < CommandRunner::kLongestQueue + 2; ++n)
    runner_.enqueue("a", shell("sleep 100"), note());
  run_until(1);
  EXPECT_EQ(results_[0].end, End::kNotStarted);
}

TEST_F(RunnerTest, ACancelledOneIsKilledAndNotTold) {
  const uint64_t id = runner_.run(shell("sleep 100"), note());
  EXPECT_EQ(runner_.pending(), 1u);
  runner_.cancel(id);
  EXPECT_EQ(runner_.pending(), 0u);
  runner_.run(shell("exit 7"), note());
  run_until(1);
  EXPECT_EQ(results_[0].code, 7);
  while (!no_children() && io_.run_one_for(seconds(1)) != 0) {
  }
  EXPECT_TRUE(no_children());
}

TEST_F(RunnerTest, TheEndOfTheRunnerKillsWhatRuns) {
  boost::asio::io_context io;
  {
    CommandRunner runner(io);
    runner.run(shell("sleep 100"), note());
  }
  EXPECT_TRUE(no_children());
  EXPECT_TRUE(results_.empty());
}

}  // namespace
}  // namespace lbd
