// SPDX-License-Identifier: Apache-2.0
#include "control/command/command.h"

#include <grp.h>
#include <pwd.h>

#include <cstring>

namespace lbd {

Result<CommandUser> find_user(const std::string& name) {
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  const int failed = ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (failed != 0) return Error{"user " + name + ": " + std::strerror(failed)};
  if (found == nullptr) return Error{"user " + name + ": there is none of this name"};
  CommandUser user{found->pw_uid, found->pw_gid, {}};
  int count = 256;
  user.groups.resize(static_cast<size_t>(count));
  if (::getgrouplist(name.c_str(), user.gid, user.groups.data(), &count) < 0)
    return Error{"user " + name + ": is in more than 256 groups"};
  user.groups.resize(static_cast<size_t>(count));
  return user;
}

std::string CommandResult::describe() const {
  switch (end) {
    case End::kExited:
      return "exit code " + std::to_string(code);
    case End::kSignalled:
      return "killed by signal " + std::to_string(code);
    case End::kTimedOut:
      return "timeout after " + std::to_string(took.count()) + " ms, killed";
    case End::kFlooded:
      return "killed, it wrote more than " + std::to_string(kMostOutput >> 20) + " MiB";
    case End::kNotStarted:
      break;
  }
  return "not started: " + error;
}

}  // namespace lbd
