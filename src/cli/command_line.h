// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/result.h"

namespace lbd::cli {

using Json = nlohmann::ordered_json;

/// What lbctl was told to do.
struct Command {
  std::string socket = "/run/lbd/lbd.sock";
  bool json = false;
  std::string verb;
  Json arguments = Json::object();
  bool rate = false;    // stats: per second
  bool wait = true;     // drain: until the last connection is gone
  bool follow = false;  // health: and then what happens, as it happens
  bool help = false;
  bool version = false;
};

/// The words behind the program's name. The error names the usage; exit code 2.
Result<Command> parse_command_line(const std::vector<std::string>& words);
std::string help_text();

}  // namespace lbd::cli
