// SPDX-License-Identifier: Apache-2.0
#include "dataplane/device_lock.h"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace lbd {
namespace {

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

std::string read_holder(int fd) {
  char text[16] = {};
  const ssize_t length = pread(fd, text, sizeof(text) - 1, 0);
  return length > 0 ? fmt::format(" (process {})", std::string(text, static_cast<size_t>(length)))
                    : "";
}

}  // namespace

Result<DeviceLock> DeviceLock::take(const std::string& name, const std::string& what) {
  if (mkdir(kRunDirectory, 0755) != 0 && errno != EEXIST)
    return Error{fmt::format("{}: {}", kRunDirectory, std::strerror(errno))};
  const std::string path = lock_path(name);
  while (true) {
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return Error{fmt::format("{}: {}", path, std::strerror(errno))};
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
      Error error{
          fmt::format("{} is in use by another lbd{}: stop that one, or give this one another "
                      "device",
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
