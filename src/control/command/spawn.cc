// SPDX-License-Identifier: Apache-2.0
#include "control/command/spawn.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

// Theory. The child of vfork() shares our memory until it executes the program, while this thread
// waits: nothing is copied, however much memory lbd has mapped. In return the child may do little:
// plain system calls on what was prepared, no allocation, no locks. Changes of its identity go past
// glibc, whose setuid() would change all threads of the process that it believes to be in. Signals
// are blocked meanwhile, so that no handler of ours runs in the child.

extern char** environ;

namespace lbd {
namespace {

constexpr rlim_t kUsualFiles = 1024;

/// Everything the child needs, laid out before it exists.
struct Plan {
  char* const* arguments;
  char* const* environment;
  const CommandUser* user;
  int input;
  int output;
  volatile int error = 0;                // written by the child
  const char* volatile step = "execve";  // what failed
};

int become(const CommandUser& user, Plan& plan) {
  plan.step = "setgroups";
  if (::syscall(SYS_setgroups, user.groups.size(), user.groups.data()) != 0) return errno;
  plan.step = "setgid";
  if (::syscall(SYS_setresgid, user.gid, user.gid, user.gid) != 0) return errno;
  plan.step = "setuid";
  if (::syscall(SYS_setresuid, user.uid, user.uid, user.uid) != 0) return errno;
  return 0;
}

/// Runs in the child; ends it or becomes the program.
[[noreturn]] void child(Plan& plan) {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &standard, nullptr);
  ::setpgid(0, 0);
  // lbd raises its own limit; many programs take a high one for the number of descriptors they
  // have.
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur > kUsualFiles) {
    files.rlim_cur = kUsualFiles;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  const sched_param ordinary{};
  ::syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &ordinary);
  ::dup2(plan.input, STDIN_FILENO);
  ::dup2(plan.output, STDOUT_FILENO);
  ::dup2(plan.output, STDERR_FILENO);
  ::syscall(SYS_close_range, 3u, ~0u, 0u);
  if (plan.user != nullptr) plan.error = become(*plan.user, plan);
  if (plan.error == 0) {
    plan.step = "execve";
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execve(plan.arguments[0], plan.arguments, plan.environment);
    plan.error = errno;
  }
  ::_exit(127);
}

__attribute__((noinline)) pid_t start(Plan& plan) {
  const pid_t pid = ::vfork();
  if (pid == 0) child(plan);
  return pid;
}

std::string_view name_of(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

std::vector<std::string> environment_of(const Command& command) {
  std::vector<std::string> out;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    bool replaced = false;
    for (const auto& [name, value] : command.environment)
      replaced = replaced || name_of(*variable) == name;
    if (!replaced) out.emplace_back(*variable);
  }
  for (const auto& [name, value] : command.environment) out.push_back(name + "=" + value);
  return out;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

Error failed(const char* what, int number, bool& shortage) {
  shortage = number == EMFILE || number == ENFILE || number == ENOMEM || number == EAGAIN;
  return Error{std::string(what) + ": " + std::strerror(number)};
}

/// The pipe's ends and /dev/null, closed whatever happens.
struct Descriptors {
  int null = -1, read = -1, write = -1;
  ~Descriptors() {
    for (const int fd : {null, read, write})
      if (fd >= 0) ::close(fd);
  }
};

}  // namespace

Result<Spawned> spawn(const Command& command, bool& shortage) {
  Descriptors fds;
  int pipe_ends[2];
  if (::pipe2(pipe_ends, O_CLOEXEC) != 0) return failed("pipe", errno, shortage);
  fds.read = pipe_ends[0];
  fds.write = pipe_ends[1];
  ::fcntl(fds.read, F_SETFL, O_NONBLOCK);
  fds.null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (fds.null < 0) return failed("/dev/null", errno, shortage);

  const std::vector<std::string> environment = environment_of(command);
  const std::vector<char*> arguments = pointers(command.words);
  const std::vector<char*> variables = pointers(environment);
  Plan plan{arguments.data(), variables.data(), command.user ? &*command.user : nullptr, fds.null,
            fds.write};
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  const pid_t pid = start(plan);
  const int fork_error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return failed("fork", fork_error, shortage);

  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  const int pidfd_error = errno;
  if (plan.error != 0 || pidfd < 0) {
    if (plan.error == 0) ::kill(-pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    if (pidfd >= 0) ::close(pidfd);
    return plan.error != 0 ? failed(plan.step, plan.error, shortage)
                           : failed("pidfd_open", pidfd_error, shortage);
  }
  return Spawned{pid, pidfd, std::exchange(fds.read, -1)};
}

}  // namespace lbd
