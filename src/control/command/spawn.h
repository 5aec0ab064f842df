// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include "common/result.h"
#include "control/command/command.h"

namespace lbd {

/// A program that has just begun. Whoever gets it closes both and reaps the process.
struct Spawned {
  pid_t pid = -1;   // also its process group
  int pidfd = -1;   // readable when it has ended
  int output = -1;  // its standard output and error; does not block
};

/// Starts `command` in a process group of its own, with standard input from /dev/null, default
/// signals, no other descriptor, ordinary scheduling and, where it has a user, without privileges.
/// Takes about as long as execve(): memory is not copied (vfork). `shortage`: of a failure, that
/// the machine had not what it takes.
Result<Spawned> spawn(const Command& command, bool& shortage);

}  // namespace lbd
