// SPDX-License-Identifier: Apache-2.0
#include "control/command/process.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

namespace lbd {
namespace {

using boost::asio::posix::descriptor_base;
using End = CommandResult::End;

/// Read at most so much at a time: a flood must not hold up the loop.
constexpr size_t kPiece = 16384;

}  // namespace

Process::Process(boost::asio::io_context& io, const Command& command, const Spawned& spawned,
                 Finished finished)
    : pidfd_(io, spawned.pidfd),
      output_(io, spawned.output),
      timer_(io),
      pid_(spawned.pid),
      grace_(command.grace),
      timeout_(command.timeout),
      kill_leftovers_(command.kill_leftovers),
      keep_output_(command.keep_output),
      finished_(std::move(finished)) {}

Process::~Process() {
  abandon();
}

void Process::start() {
  timer_.expires_after(timeout_);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) self->on_timeout();
  });
  wait_end();
  read_output();
}

void Process::wait_end() {
  pidfd_.async_wait(descriptor_base::wait_read,
                    [self = shared_from_this()](const boost::system::error_code& error) {
                      if (!error) self->ended();
                    });
}

void Process::read_output() {
  output_.async_wait(descriptor_base::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (error || self->over_) return;
                       std::array<char, kPiece> piece;
                       const ssize_t n =
                           ::read(self->output_.native_handle(), piece.data(), piece.size());
                       if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) return;
                       if (n > 0) {
                         const auto got = static_cast<size_t>(n);
                         const size_t room = self->keep_output_ - self->result_.output.size();
                         self->result_.output.append(piece.data(), std::min(got, room));
                         self->read_ += got;
                       }
                       // What is not read any more fills the pipe, and there it ends.
                       if (self->read_ > kMostOutput) return self->stop_by(End::kFlooded);
                       self->read_output();
                     });
}

void Process::on_timeout() {
  if (over_) return;
  if (stopping_) {
    ::kill(-pid_, SIGKILL);
    return;
  }
  stop_by(End::kTimedOut);
}

void Process::stop_by(End why) {
  if (stopping_ || over_) return;
  stopping_ = true;
  result_.end = why;
  ::kill(-pid_, SIGTERM);
  timer_.expires_after(grace_);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) self->on_timeout();
  });
}

void Process::kill_now() {
  if (!over_) ::kill(-pid_, SIGKILL);
}

void Process::ended() {
  if (over_) return;
  over_ = true;
  // The leader's children that ignored the TERM, or that a check left behind.
  if (stopping_ || kill_leftovers_) ::kill(-pid_, SIGKILL);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED);
  if (!stopping_) {
    result_.end = info.si_code == CLD_EXITED ? End::kExited : End::kSignalled;
    result_.code = info.si_status;
    // What it wrote last may not have been read yet.
    std::array<char, kPiece> piece;
    const ssize_t n = ::read(output_.native_handle(), piece.data(), piece.size());
    const size_t room = keep_output_ - result_.output.size();
    if (n > 0) result_.output.append(piece.data(), std::min(static_cast<size_t>(n), room));
  }
  result_.took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begun_);
  timer_.cancel();
  boost::system::error_code ignored;
  output_.close(ignored);
  pidfd_.close(ignored);
  if (const Finished finished = std::exchange(finished_, nullptr)) finished(std::move(result_));
}

void Process::abandon() {
  if (over_) return;
  over_ = true;
  finished_ = nullptr;
  ::kill(-pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace lbd
