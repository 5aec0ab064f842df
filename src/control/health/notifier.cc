// SPDX-License-Identifier: Apache-2.0
#include "control/health/notifier.h"

#include <spdlog/spdlog.h>

namespace lbd::health {

void Notifier::run(const config::CommandLine& line, const Notice& notice) {
  if (!line) return;
  Command command;
  command.words = line.words;
  command.words.insert(command.words.end(),
                       {notice.event, notice.service, notice.server, notice.reason});
  command.environment = {{"LBD_NAME", name_},
                         {"LBD_EVENT", notice.event},
                         {"LBD_SERVICE", notice.service},
                         {"LBD_SERVER", notice.server},
                         {"LBD_REASON", notice.reason}};
  command.timeout = kTimeout;
  commands_.enqueue("service " + notice.service, std::move(command),
                    [text = line.text, notice](const CommandResult& result) {
                      if (result.success()) return;
                      spdlog::warn("service {}: notify {} ({}): {}", notice.service, text,
                                   notice.event, result.describe());
                    });
}

}  // namespace lbd::health
