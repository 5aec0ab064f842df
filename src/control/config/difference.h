// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "control/config/error.h"
#include "control/config/model.h"

namespace lbd::config {

/// What a reload from `before` to `after` changes, a line each for people: "service web: real
/// server 10.0.0.2: weight 1 -> 3". Empty where nothing that lbd does would change.
std::vector<std::string> difference(const Config& before, const Config& after);

/// What `next` wants of a running lbd that only a restart can give: the dataplane section, the
/// socket, the set of ports and everything of a port but its addresses. Empty: a reload can do it.
std::vector<ConfigError> unchangeable(const Config& running, const Config& next);

/// Words of the file for values of the model, as both of the above write them.
std::string to_text(LogLevel level);
std::string to_text(LogFormat format);
std::string to_text(Protocol protocol);
std::string to_text(SchedulerKind scheduler);
std::string to_text(Forwarding forwarding);
std::string to_text(TunnelType type);
std::string to_text(OnDown on_down);
/// "10.0.0.1" or "10.0.0.1:80".
std::string to_text(const RealServer& server);

}  // namespace lbd::config
