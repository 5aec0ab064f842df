// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "control/command/runner.h"

namespace lbd {

/// Commands as users that are named: the user database is asked by a thread of its own (it may be
/// an LDAP server), then the CommandRunner runs them. The order in which they came is kept.
class CommandQueue {
 public:
  CommandQueue(boost::asio::io_context& io, CommandRunner& runner) : io_(io), runner_(runner) {}
  ~CommandQueue();

  /// Behind all earlier ones of `owner`; an empty `user`: as lbd itself. `finished` runs on the
  /// control thread.
  void enqueue(const std::string& owner, const std::string& user, Command command,
               CommandRunner::Finished finished);
  /// Commands that run or wait.
  size_t pending() const { return looked_up_ + runner_.pending(); }

 private:
  boost::asio::io_context& io_;
  CommandRunner& runner_;
  size_t looked_up_ = 0;  // on their way through the thread
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  boost::asio::thread_pool users_{1};
};

}  // namespace lbd
