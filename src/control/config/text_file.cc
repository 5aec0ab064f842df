// SPDX-License-Identifier: Apache-2.0
#include "control/config/text_file.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace lbd::config {
namespace {

constexpr size_t kChunk = 64u << 10;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

Error system_error() {
  return {std::string("cannot be read: ") + std::strerror(errno)};
}

/// For the part of a pattern that is meant literally.
std::string escape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (std::strchr("*?[]\\", c) != nullptr) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

Result<std::string> read_text_file(const std::string& path, size_t limit) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0) return system_error();
  if (S_ISDIR(status.st_mode)) return Error{"is a directory"};
  if (!S_ISREG(status.st_mode)) return Error{"is not a regular file"};
  std::string text;
  for (;;) {
    const size_t before = text.size();
    text.resize(before + kChunk);
    const ssize_t got = read(file.get(), text.data() + before, kChunk);
    if (got < 0 && errno != EINTR) return system_error();
    text.resize(before + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return text;
    if (text.size() > limit) return Error{"makes more than 64MiB of configuration"};
  }
}

std::string directory_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr),
                                                         &std::free);
  return real ? std::string(real.get()) : path;
}

std::vector<std::string> expand_pattern(const std::string& directory, const std::string& pattern) {
  const std::string base = pattern.starts_with('/') ? "" : directory;
  if (pattern.find_first_of("*?[") == std::string::npos) return {base + pattern};
  glob_t matches{};
  std::vector<std::string> paths;
  if (glob((escape(base) + pattern).c_str(), GLOB_NOSORT, nullptr, &matches) == 0)
    paths.assign(matches.gl_pathv, matches.gl_pathv + matches.gl_pathc);
  globfree(&matches);
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace lbd::config
