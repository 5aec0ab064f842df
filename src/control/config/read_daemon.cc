// SPDX-License-Identifier: Apache-2.0
#include <sys/un.h>
#include <unistd.h>

#include <array>

#include "control/config/map_reader.h"
#include "control/config/sections.h"

namespace lbd::config {
namespace {

constexpr size_t kMaxName = 64;
constexpr size_t kMaxPath = 4000;
constexpr size_t kMaxSocketPath = sizeof(sockaddr_un::sun_path) - 1;

void read_log(const Value& value, Daemon& daemon) {
  MapReader log(value);
  daemon.log_level = log.choice<LogLevel>("level",
                                          {{"trace", LogLevel::kTrace},
                                           {"debug", LogLevel::kDebug},
                                           {"info", LogLevel::kInfo},
                                           {"warn", LogLevel::kWarn},
                                           {"error", LogLevel::kError}},
                                          daemon.log_level);
  daemon.log_format = log.choice<LogFormat>(
      "format", {{"text", LogFormat::kText}, {"json", LogFormat::kJson}}, daemon.log_format);
  log.finish();
}

std::optional<std::string> read_path(const Value& value) {
  const auto path = value.word(kMaxPath);
  if (!path) return std::nullopt;
  if (path->front() == '/' && path->back() != '/') return path;
  value.error(quote(*path) + " is no full path of a file",
              "write it as /var/lib/lbd/state, or off");
  return std::nullopt;
}

}  // namespace

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "lbd";
  return name.data();
}

Daemon read_daemon(const Value& section) {
  Daemon daemon;
  MapReader map(section);
  if (const auto name = map.get("name")) daemon.name = name->word(kMaxName).value_or("");
  if (const auto log = map.get("log")) read_log(*log, daemon);
  if (const auto socket = map.get("socket"))
    daemon.socket = socket->word(kMaxSocketPath).value_or(daemon.socket);
  map.not_yet("http", {"off"});
  if (const auto file = map.get("state_file"); file && !file->says("off"))
    daemon.state_file = read_path(*file).value_or("");
  map.finish();
  return daemon;
}

}  // namespace lbd::config
