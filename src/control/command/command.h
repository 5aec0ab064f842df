// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/result.h"

// Programs that lbd runs: exec checks, track scripts, notify commands.
namespace lbd {

/// Who a command runs as.
struct CommandUser {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

/// Asks the system's user database, which may take its time (LDAP): not on the control thread.
Result<CommandUser> find_user(const std::string& name);

struct Command {
  /// The program's absolute path, then its arguments. Never empty.
  std::vector<std::string> words;
  /// Added to lbd's own environment, or in place of what is there.
  std::vector<std::pair<std::string, std::string>> environment;
  /// None: as lbd itself.
  std::optional<CommandUser> user;
  std::chrono::milliseconds timeout{10'000};
  /// Between the TERM after a timeout and the KILL.
  std::chrono::milliseconds grace{2'000};
  /// Kill what the program has left behind in its process group when it ends (checks). Else that
  /// lives on unless the program ran into its timeout.
  bool kill_leftovers = false;
  /// Of what it writes to standard output and error, in bytes; the rest is thrown away.
  size_t keep_output = 4096;
};

struct CommandResult {
  enum class End {
    kExited,      // `code`: its exit code
    kSignalled,   // `code`: the signal; not ours
    kTimedOut,    // killed after `timeout`
    kFlooded,     // killed: it wrote more than kMostOutput
    kNotStarted,  // `error` says why
  };
  End end = End::kNotStarted;
  int code = 0;
  std::string output;
  std::string error;
  bool shortage = false;  // of kNotStarted: for want of memory, processes or descriptors
  std::chrono::milliseconds took{0};

  bool success() const { return end == End::kExited && code == 0; }
  /// "exit code 3", "killed by signal 9", "timeout after 1000 ms", ...
  std::string describe() const;
};

/// Bytes of output that are read at all; a program that writes more is killed.
inline constexpr size_t kMostOutput = 1u << 20;

}  // namespace lbd
