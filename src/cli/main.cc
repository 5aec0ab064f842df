// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/run.h"

namespace {

constexpr int kRefused = 1;
constexpr int kWrongCommandLine = 2;

}  // namespace

int main(int argc, char** argv) {
  const auto command =
      lbd::cli::parse_command_line(std::vector<std::string>(argv + 1, argv + argc));
  if (!command) {
    std::cerr << "lbctl: " << command.error().message << "\n";
    return kWrongCommandLine;
  }
  if (command.value().help) {
    std::cout << lbd::cli::help_text();
    return 0;
  }
  if (command.value().version) {
    std::cout << "lbctl " << LBD_VERSION << "\n";
    return 0;
  }
  const lbd::Status done = lbd::cli::run(command.value());
  if (done) return 0;
  std::cerr << "lbctl: " << done.error().message << "\n";
  return kRefused;
}
