// SPDX-License-Identifier: Apache-2.0
#include "dataplane/device_lock.h"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <thread>
#include <utility>

namespace lbd {
namespace {

constexpr std::chrono::seconds kDyingTime{5};
constexpr std::chrono::milliseconds kDyingPoll{10};

std::string lock_path(std::string name) {
  std::replace(name.begin(), name.end(), '/', '_');
  return fmt::format("{}/{}.lock", kRunDirectory, name);
}

/// True where `path` still leads to the file that `fd` has open: the last holder may have removed
/// it between our open and our lock.
bool is_current(int fd, const std::string& path) {
  struct stat opened {
  }, named{};
  return fstat(fd, &opened) == 0 && stat(path.c_str(), &named) == 0 &&
         opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

/// The process id that the holder wrote; 0 where it has not yet.
pid_t read_holder(int fd) {
  char text[16] = {};
  return pread(fd, text, sizeof(text) - 1, 0) > 0 ? static_cast<pid_t>(atol(text)) : 0;
}

/// A process killed a moment ago: its threads have not seen the signal yet.
bool has_kill_pending(pid_t process) {
  std::ifstream in(fmt::format("/proc/{}/status", process));
  constexpr uint64_t kKill = uint64_t{1} << (SIGKILL - 1);
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("SigPnd:") || line.starts_with("ShdPnd:"))
      if (strtoull(line.c_str() + strlen("SigPnd:"), nullptr, 16) & kKill) return true;
  return false;
}

/// True for a process that is gone, or on its way: a killed one keeps its files until the kernel
/// has unmapped its memory and closed its devices, which takes some 100 ms. See proc(5).
bool is_dying(pid_t process) {
  std::ifstream in(fmt::format("/proc/{}/stat", process));
  const std::string text(std::istreambuf_iterator<char>(in), {});
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return true;
  char state = 0;
  unsigned flags = 0;
  sscanf(text.c_str() + name_end + 1, " %c %*d %*d %*d %*d %*d %u", &state, &flags);
  constexpr unsigned kExiting = 0x4;  // PF_EXITING of the kernel
  return state == 'Z' || state == 'X' || (flags & kExiting) || has_kill_pending(process);
}

/// flock(2), and waits for a dying holder.
bool lock_file(int fd) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + kDyingTime;
  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const pid_t holder = read_holder(fd);
    if (holder == 0 || holder == getpid() || !is_dying(holder) || Clock::now() > end) return false;
    std::this_thread::sleep_for(kDyingPoll);
  }
  return true;
}

}  // namespace

Result<DeviceLock> DeviceLock::take(const std::string& name, const std::string& what) {
  if (mkdir(kRunDirectory, 0755) != 0 && errno != EEXIST)
    return Error{fmt::format("{}: {}", kRunDirectory, std::strerror(errno))};
  const std::string path = lock_path(name);
  while (true) {
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return Error{fmt::format("{}: {}", path, std::strerror(errno))};
    if (!lock_file(fd)) {
      Error error{
          fmt::format("{} is in use by another lbd (process {}): stop that one, or give this one "
                      "another device",
                      what, read_holder(fd))};
      close(fd);
      return error;
    }
    if (is_current(fd, path)) {
      const std::string pid = std::to_string(getpid());
      if (ftruncate(fd, 0) != 0 || pwrite(fd, pid.data(), pid.size(), 0) < 0) {
        // The process id is only for messages.
      }
      return DeviceLock(fd, path);
    }
    close(fd);
  }
}

DeviceLock::DeviceLock(DeviceLock&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

DeviceLock& DeviceLock::operator=(DeviceLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  return *this;
}

DeviceLock::~DeviceLock() {
  if (fd_ < 0) return;
  unlink(path_.c_str());
  close(fd_);
}

}  // namespace lbd
