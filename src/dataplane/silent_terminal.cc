// SPDX-License-Identifier: Apache-2.0
#include "dataplane/silent_terminal.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "common/log.h"

namespace lbd {
namespace {

/// Puts `other` in the place of `fd` and returns what was there.
int swap(int fd, int other) {
  const int saved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  dup2(other, fd);
  close(other);
  return saved;
}

void swap_back(int fd, int saved) {
  if (saved < 0) return;
  dup2(saved, fd);
  close(saved);
}

}  // namespace

SilentTerminal::SilentTerminal() {
  if (spdlog::should_log(spdlog::level::debug)) return;
  said_ = memfd_create("eal", MFD_CLOEXEC);
  if (said_ < 0) return;
  output_ = swap(STDOUT_FILENO, open("/dev/null", O_WRONLY | O_CLOEXEC));
  error_ = swap(STDERR_FILENO, dup(said_));
}

SilentTerminal::~SilentTerminal() {
  if (said_ < 0) return;
  fflush(stdout);
  swap_back(STDOUT_FILENO, output_);
  swap_back(STDERR_FILENO, error_);
  close(said_);
}

std::string SilentTerminal::first_words() const {
  char text[200] = {};
  if (said_ < 0 || pread(said_, text, sizeof(text) - 1, 0) <= 0) return {};
  return std::string(text, strcspn(text, "\n"));
}

}  // namespace lbd
