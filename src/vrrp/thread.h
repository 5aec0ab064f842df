// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "common/result.h"
#include "common/spsc_queue.h"
#include "vrrp/commands.h"
#include "vrrp/watchdog.h"

// The VRRP thread: real-time, with sockets, clock and netlink of its own. It shares with the rest
// of lbd two queues, the held flags that it writes, and the numbers that its watchdog reads; no
// lock, no log, nothing that could make an advertisement late.
namespace lbd::vrrp {

class Engine;

class Thread {
 public:
  static Result<std::unique_ptr<Thread>> start(std::vector<WorkerWatch> workers,
                                               std::vector<PortWatch> ports);
  /// Masters say priority 0, what they hold is given up, and the thread ends.
  ~Thread();
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  /// The same, but what happened on the way can still be had by poll(), once.
  void stop();

  // The control thread's side.
  void submit(std::unique_ptr<Command> command);
  /// Readable when there is something for poll().
  int fd() const { return to_control_; }
  /// Calls the `done` of finished commands, and `handler` for what happened.
  void poll(const std::function<void(const Happening&)>& handler);

 private:
  friend class Engine;
  Thread(int to_thread, int to_control);
  bool push_waiting();
  // The VRRP thread's side.
  std::unique_ptr<Command> next_command();
  void answer(std::unique_ptr<Command> command);
  void tell(Happening happening);

  static constexpr size_t kCommands = 256;
  static constexpr size_t kHappenings = 4096;
  int to_thread_;
  int to_control_;
  SpscQueue<Command*, kCommands> commands_;
  SpscQueue<Command*, kCommands * 2> answers_;
  SpscQueue<Happening*, kHappenings> happenings_;
  std::atomic<uint64_t> lost_{0};  // happenings that found no place
  uint64_t lost_told_ = 0;
  std::vector<std::unique_ptr<Command>> waiting_;
  size_t in_flight_ = 0;
  std::atomic<bool> stop_{false};
  std::unique_ptr<Engine> engine_;
  std::thread thread_;
};

}  // namespace lbd::vrrp
