// SPDX-License-Identifier: Apache-2.0
#include "vrrp/thread.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "vrrp/engine.h"

namespace lbd::vrrp {
namespace {

void ring(int event) {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(event, &one, sizeof(one));
}

}  // namespace

Result<std::unique_ptr<Thread>> Thread::start(std::vector<WorkerWatch> workers,
                                              std::vector<PortWatch> ports) {
  const int to_thread = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  const int to_control = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::unique_ptr<Thread> thread(new Thread(to_thread, to_control));
  if (to_thread < 0 || to_control < 0)
    return Error{std::string("vrrp: cannot make an eventfd: ") + std::strerror(errno)};
  auto engine = Engine::open(*thread, std::move(workers), std::move(ports));
  if (!engine) return engine.error();
  thread->engine_ = std::move(engine).value();
  thread->thread_ = std::thread([raw = thread->engine_.get()] { raw->run(); });
  return thread;
}

Thread::Thread(int to_thread, int to_control) : to_thread_(to_thread), to_control_(to_control) {}

void Thread::stop() {
  stop_ = true;
  ring(to_thread_);
  if (thread_.joinable()) thread_.join();
  engine_.reset();
}

Thread::~Thread() {
  stop();
  Command* command = nullptr;
  while (commands_.pop(command)) delete command;
  while (answers_.pop(command)) delete command;
  Happening* happening = nullptr;
  while (happenings_.pop(happening)) delete happening;
  if (to_thread_ >= 0) ::close(to_thread_);
  if (to_control_ >= 0) ::close(to_control_);
}

void Thread::submit(std::unique_ptr<Command> command) {
  waiting_.push_back(std::move(command));
  push_waiting();
}

/// Never more in flight than there is room for the answers.
bool Thread::push_waiting() {
  size_t pushed = 0;
  while (pushed < waiting_.size() && in_flight_ < kCommands &&
         commands_.push(waiting_[pushed].get())) {
    waiting_[pushed++].release();
    ++in_flight_;
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(pushed));
  if (pushed != 0) ring(to_thread_);
  return waiting_.empty();
}

void Thread::poll(const std::function<void(const Happening&)>& handler) {
  uint64_t rung = 0;
  [[maybe_unused]] const ssize_t got = ::read(to_control_, &rung, sizeof(rung));
  Happening* happening = nullptr;
  while (happenings_.pop(happening)) {
    const std::unique_ptr<Happening> owned(happening);
    handler(*owned);
  }
  if (const uint64_t lost = lost_.load(std::memory_order_relaxed); lost != lost_told_) {
    handler({Happening::Kind::kTrouble,
             "",
             {},
             {},
             0,
             std::to_string(lost - lost_told_) + " events were lost: too many at once"});
    lost_told_ = lost;
  }
  Command* command = nullptr;
  while (answers_.pop(command)) {
    const std::unique_ptr<Command> owned(command);
    --in_flight_;
    if (owned->done) owned->done(*owned);
  }
  push_waiting();
}

std::unique_ptr<Command> Thread::next_command() {
  Command* command = nullptr;
  return commands_.pop(command) ? std::unique_ptr<Command>(command) : nullptr;
}

void Thread::answer(std::unique_ptr<Command> command) {
  if (answers_.push(command.get())) command.release();
  ring(to_control_);
}

void Thread::tell(Happening happening) {
  auto owned = std::make_unique<Happening>(std::move(happening));
  if (happenings_.push(owned.get()))
    owned.release();
  else
    lost_.fetch_add(1, std::memory_order_relaxed);
  ring(to_control_);
}

}  // namespace lbd::vrrp
