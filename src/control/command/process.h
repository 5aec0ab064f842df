// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>

#include "control/command/spawn.h"

namespace lbd {

/// One program that runs: its output, its time, its end. Lives until it is reaped; `finished` is
/// called then, once, unless cancel() came before.
///
/// The leader of the process group is reaped last: until then its id, which names the group, cannot
/// be given to a stranger.
class Process : public std::enable_shared_from_this<Process> {
 public:
  using Finished = std::function<void(CommandResult)>;

  Process(boost::asio::io_context& io, const Command& command, const Spawned& spawned,
          Finished finished);
  ~Process();
  void start();
  /// Kills the group; `finished` gets what comes of it.
  void kill_now();
  /// Kills and reaps at once, telling nobody. For the end of lbd.
  void abandon();

 private:
  void read_output();
  void wait_end();
  void on_timeout();
  void stop_by(CommandResult::End why);
  void ended();

  boost::asio::posix::stream_descriptor pidfd_;
  boost::asio::posix::stream_descriptor output_;
  boost::asio::steady_timer timer_;
  const pid_t pid_;
  const std::chrono::milliseconds grace_;
  const std::chrono::milliseconds timeout_;
  const bool kill_leftovers_;
  const size_t keep_output_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  size_t read_ = 0;
  bool stopping_ = false;
  bool over_ = false;
  CommandResult result_;
  Finished finished_;
};

}  // namespace lbd
