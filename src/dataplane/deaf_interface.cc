// SPDX-License-Identifier: Apache-2.0
#include "dataplane/deaf_interface.h"

#include <fcntl.h>
#include <spawn.h>
#include <spdlog/fmt/fmt.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace lbd {
namespace {

std::string table_of(unsigned index) {
  return fmt::format("netdev lbd_deaf_{}", index);
}

/// 0, nft's exit status, or -errno where it could not be started.
int run_nft(std::string commands) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  char program[] = "nft";
  char* arguments[] = {program, commands.data(), nullptr};
  char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
  char* environment[] = {path, nullptr};
  pid_t child = 0;
  const int error = posix_spawnp(&child, program, &files, nullptr, arguments, environment);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) return -error;
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return -errno;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

}  // namespace

Status make_deaf(unsigned index, const std::string& name) {
  const std::string table = table_of(index);
  const int result =
      run_nft(fmt::format("add table {0}; delete table {0}; add table {0}; "
                          "add chain {0} ingress {{ type filter hook ingress device \"{1}\" "
                          "priority -500; policy drop; }}",
                          table, name));
  if (result == 0) return Done{};
  return Error{fmt::format(
      "af_packet:{}: nft cannot keep the kernel from answering there: {}", name,
      result < 0 ? std::strerror(-result) : "it refused (is nf_tables in this kernel?)")};
}

void make_hear(unsigned index) {
  run_nft("delete table " + table_of(index));
}

}  // namespace lbd
