// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/result.h"

namespace lbd {

/// lbd's command line.
struct CommandLine {
  std::string config;
  bool check = false;
  bool version = false;
  bool help = false;
};

/// The words behind the program's name. The error is one line.
Result<CommandLine> parse_command_line(const std::vector<std::string>& words);
std::string help_text();

}  // namespace lbd
