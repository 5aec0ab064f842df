// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "control/command/command.h"

namespace lbd {

class Process;

/// Runs programs without waiting for them. All calls and callbacks on the io_context's thread.
///
/// At most kMostRunning run at a time; more wait for their turn, in order, and their timeouts begin
/// when they start. Commands of one owner run one after the other and so never overtake each other.
class CommandRunner {
 public:
  using Finished = std::function<void(const CommandResult&)>;
  static constexpr size_t kMostRunning = 256;
  /// Waiting commands of one owner; beyond it the oldest is dropped, as not started.
  static constexpr size_t kLongestQueue = 4096;

  explicit CommandRunner(boost::asio::io_context& io) : io_(io) {}
  /// Kills what runs, drops what waits; nobody is told.
  ~CommandRunner();
  CommandRunner(const CommandRunner&) = delete;
  CommandRunner& operator=(const CommandRunner&) = delete;

  /// `finished` runs later, exactly once, unless the runner ends first. Returns an id for cancel().
  uint64_t run(Command command, Finished finished);
  /// Behind all earlier commands of `owner`.
  void enqueue(const std::string& owner, Command command, Finished finished);
  /// Kills the command's group, or takes it from the queue; `finished` is not called.
  void cancel(uint64_t id);

  /// Whether the command has yet to begin.
  bool waits(uint64_t id) const;

  /// Expires with the runner: who may outlive it asks before a cancel().
  std::weak_ptr<bool> alive() const { return alive_; }
  /// Commands that run or wait.
  size_t pending() const { return running_.size() + waiting_.size() + queued_; }

 private:
  struct Job {
    uint64_t id;
    Command command;
    Finished finished;
  };
  struct Queue {
    std::deque<Job> jobs;
    bool running = false;
  };

  void start(Job job);
  void start_waiting();
  void advance(const std::string& owner);
  void tell(const Finished& finished, CommandResult result);

  boost::asio::io_context& io_;
  uint64_t next_id_ = 1;
  std::unordered_map<uint64_t, std::shared_ptr<Process>> running_;
  std::deque<Job> waiting_;
  std::unordered_map<std::string, Queue> queues_;
  size_t queued_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lbd
