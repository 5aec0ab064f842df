// SPDX-License-Identifier: Apache-2.0
#include "control/vrrp/find_process.h"

#include <dirent.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>

namespace lbd {
namespace {

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::optional<pid_t> pid_of(std::string_view name) {
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return pid;
}

/// proc(5), /proc/PID/stat: "PID (name) STATE ..."; the name may hold parentheses itself.
bool has_ended(const std::string& stat) {
  const size_t name_end = stat.rfind(") ");
  if (name_end == std::string::npos) return true;
  const char state = stat[name_end + 2];
  return state == 'Z' || state == 'X';
}

std::string first_argument(const std::string& command_line) {
  const std::string path = command_line.substr(0, command_line.find('\0'));
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

/// Its names: the kernel's and that of its first argument.
std::array<std::string, 2> names_of(const std::string& home) {
  std::string name = contents(home + "/comm");
  if (!name.empty() && name.back() == '\n') name.pop_back();
  return {name, first_argument(contents(home + "/cmdline"))};
}

}  // namespace

std::map<std::string, pid_t> find_processes(const std::set<std::string>& names,
                                            const std::string& proc) {
  std::map<std::string, pid_t> out;
  const std::unique_ptr<DIR, int (*)(DIR*)> all(::opendir(proc.c_str()), ::closedir);
  while (const dirent* entry = all ? ::readdir(all.get()) : nullptr) {
    const auto pid = pid_of(entry->d_name);
    if (!pid) continue;
    const std::string home = proc + "/" + entry->d_name;
    for (const std::string& name : names_of(home)) {
      if (!names.contains(name) || has_ended(contents(home + "/stat"))) continue;
      const auto [found, added] = out.emplace(name, *pid);
      if (!added && *pid < found->second) found->second = *pid;
    }
  }
  return out;
}

bool is_process(pid_t pid, const std::string& name, const std::string& proc) {
  const std::string home = proc + "/" + std::to_string(pid);
  const auto names = names_of(home);
  return std::ranges::find(names, name) != names.end() && !has_ended(contents(home + "/stat"));
}

}  // namespace lbd
