// SPDX-License-Identifier: Apache-2.0
#include "common/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <memory>
#include <nlohmann/json.hpp>

namespace lbd::log {
namespace {

/// The message as a JSON string, quotes included.
class JsonMessage : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const std::string text(message.payload.data(), message.payload.size());
    const std::string quoted =
        nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    out.append(quoted.data(), quoted.data() + quoted.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<JsonMessage>();
  }
};

}  // namespace

bool set_level(std::string_view level) {
  if (level == "warn") level = "warning";
  for (const char* known : {"trace", "debug", "info", "warning", "error"}) {
    if (level != known) continue;
    spdlog::set_level(spdlog::level::from_str(known));
    return true;
  }
  return false;
}

std::string level() {
  const auto view = spdlog::level::to_string_view(spdlog::get_level());
  const std::string name(view.data(), view.size());
  return name == "warning" ? "warn" : name;
}

void set_json(bool json) {
  auto logger = spdlog::default_logger();
  if (!json) {
    auto stderr_logger =
        std::make_shared<spdlog::logger>("lbd", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    stderr_logger->set_level(logger->level());
    stderr_logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
    spdlog::set_default_logger(stderr_logger);
    return;
  }
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<JsonMessage>('*').set_pattern(
      R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","message":%*})");
  auto stderr_logger =
      std::make_shared<spdlog::logger>("lbd", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  stderr_logger->set_level(logger->level());
  stderr_logger->set_formatter(std::move(formatter));
  spdlog::set_default_logger(stderr_logger);
}

}  // namespace lbd::log
