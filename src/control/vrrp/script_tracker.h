// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "control/config/model_vrrp.h"
#include "control/vrrp/command_queue.h"

namespace lbd {

/// Runs track scripts, each at its interval and never twice at a time. Its result is known after
/// the first run, and changes after `rise` good or `fall` bad ones in a row.
class ScriptTracker {
 public:
  using Changed = std::function<void(const std::string& name, bool up)>;
  ScriptTracker(boost::asio::io_context& io, CommandQueue& queue, Changed changed);
  ~ScriptTracker();

  /// Scripts that are the same go on with what is known of them.
  void configure(const std::vector<config::VrrpScript>& scripts);

 private:
  struct Script;
  void run(const std::shared_ptr<Script>& script);
  void ran(const std::shared_ptr<Script>& script, const CommandResult& result);
  void wait(const std::shared_ptr<Script>& script);

  boost::asio::io_context& io_;
  CommandQueue& queue_;
  Changed changed_;
  std::map<std::string, std::shared_ptr<Script>> scripts_;
};

}  // namespace lbd
