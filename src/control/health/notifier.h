// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "control/command/runner.h"
#include "control/config/health_model.h"

namespace lbd::health {

/// What a notify command is told, as arguments behind its own and in its environment:
///   EVENT SERVICE SERVER REASON
///   LBD_NAME, LBD_EVENT, LBD_SERVICE, LBD_SERVER, LBD_REASON
/// EVENT: server_up, server_down, quorum_up, quorum_down. SERVER is "-" for the quorum's.
struct Notice {
  std::string event;
  std::string service;
  std::string server;
  std::string reason;
};

/// Runs notify commands: those of one service one after the other, in the order of what happened.
class Notifier {
 public:
  static constexpr std::chrono::milliseconds kTimeout{30'000};

  explicit Notifier(CommandRunner& commands) : commands_(commands) {}
  void name(std::string director) { name_ = std::move(director); }
  /// Nothing where there is no command.
  void run(const config::CommandLine& command, const Notice& notice);

 private:
  CommandRunner& commands_;
  std::string name_;
};

}  // namespace lbd::health
