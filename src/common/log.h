// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <spdlog/spdlog.h>

#include <string>
#include <string_view>

// Logging is spdlog's default logger (stderr). Workers never call it.
namespace lbd::log {

/// "trace", "debug", "info", "warn", "error"; anything else is refused (false, nothing changes).
bool set_level(std::string_view level);
std::string level();
/// text (default) or one JSON object a line.
void set_json(bool json);

}  // namespace lbd::log
