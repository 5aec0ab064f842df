// SPDX-License-Identifier: Apache-2.0
#include "control/kernel/sysctl.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>

namespace lbd::sysctl {
namespace {

int open_key(const std::string& path, int flags) {
  return ::open(("/proc/sys/" + path).c_str(), flags | O_CLOEXEC);
}

}  // namespace

bool write(const std::string& path, const std::string& value) {
  const int fd = open_key(path, O_WRONLY);
  if (fd < 0) return false;
  const bool written =
      ::write(fd, value.data(), value.size()) == static_cast<ssize_t>(value.size());
  ::close(fd);
  return written;
}

bool write(const std::string& path, long value) {
  return write(path, std::to_string(value));
}

std::optional<long> read(const std::string& path) {
  const int fd = open_key(path, O_RDONLY);
  if (fd < 0) return std::nullopt;
  char text[32];
  const ssize_t length = ::read(fd, text, sizeof(text));
  ::close(fd);
  if (length <= 0) return std::nullopt;
  long value = 0;
  const auto [end, error] = std::from_chars(text, text + length, value);
  if (error != std::errc{}) return std::nullopt;
  return value;
}

}  // namespace lbd::sysctl
