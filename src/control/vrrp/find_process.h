// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <map>
#include <set>
#include <string>

namespace lbd {

/// The running processes of these names, the lowest id of each; names of which there is none are
/// missing. A name is the kernel's for the process (at most 15 bytes, /proc/PID/comm) or the last
/// part of its first argument. What has ended and is not collected yet (a zombie) does not run.
/// Reads all of `proc` (/proc): not for a thread that must not wait.
std::map<std::string, pid_t> find_processes(const std::set<std::string>& names,
                                            const std::string& proc = "/proc");

/// Whether this one runs and has that name.
bool is_process(pid_t pid, const std::string& name, const std::string& proc = "/proc");

}  // namespace lbd
