// SPDX-License-Identifier: Apache-2.0
#include "control/vrrp/notifier.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace lbd {
namespace {

const config::CommandLine& command_of(const config::VrrpNotify& notify, vrrp::State state) {
  switch (state) {
    case vrrp::State::kMaster:
      return notify.master;
    case vrrp::State::kBackup:
      return notify.backup;
    case vrrp::State::kFault:
      return notify.fault;
    default:
      return notify.stop;
  }
}

}  // namespace

void Notifier::notify_all(const std::string& kind, const std::string& name,
                          const config::VrrpNotify& notify, vrrp::State state, uint8_t priority) {
  const bool stopped = state == vrrp::State::kInitialize;
  const std::string word = stopped ? "STOP" : std::string(vrrp::to_text(state));
  for (const config::CommandLine* line : {&command_of(notify, state), &notify.any}) {
    if (!*line) continue;
    Command command;
    command.words = line->words;
    for (const std::string& argument : {kind, name, word, std::to_string(priority)})
      command.words.push_back(argument);
    command.timeout = notify.timeout;
    const std::string what = "vrrp: " + name + ": notify command " + line->words.front();
    queue_.enqueue("vrrp " + kind + " " + name, notify.user, std::move(command),
                   [what](const CommandResult& result) {
                     if (!result.success()) spdlog::warn("{}: {}", what, result.describe());
                   });
  }
}

}  // namespace lbd
