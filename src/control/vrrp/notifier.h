// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "control/config/model_vrrp.h"
#include "control/vrrp/command_queue.h"
#include "vrrp/commands.h"

namespace lbd {

/// Runs the notify commands of instances and groups, those of one in their order, with keepalived's
/// arguments: INSTANCE or GROUP, its name, MASTER, BACKUP, FAULT or STOP, its priority.
class Notifier {
 public:
  explicit Notifier(CommandQueue& queue) : queue_(queue) {}

  void instance(const std::string& name, const config::VrrpNotify& notify, vrrp::State state,
                uint8_t priority) {
    notify_all("INSTANCE", name, notify, state, priority);
  }
  void group(const std::string& name, const config::VrrpNotify& notify, vrrp::State state) {
    notify_all("GROUP", name, notify, state, 0);
  }

 private:
  void notify_all(const std::string& kind, const std::string& name,
                  const config::VrrpNotify& notify, vrrp::State state, uint8_t priority);

  CommandQueue& queue_;
};

}  // namespace lbd
