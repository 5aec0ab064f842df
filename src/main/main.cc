// SPDX-License-Identifier: Apache-2.0
#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "common/log.h"
#include "control/config/difference.h"
#include "control/config/loader.h"
#include "main/daemon.h"
#include "main/options.h"

namespace {

enum ExitCode : int { kStopped = 0, kWrongFile = 1, kWrongCommandLine = 2, kNoResource = 3 };

int run(const lbd::CommandLine& line) {
  auto loaded = lbd::config::load_file(line.config);
  if (!loaded) {
    std::cerr << lbd::config::describe(loaded.errors());
    const auto& errors = loaded.errors();
    const bool resources =
        std::all_of(errors.begin(), errors.end(), [](const auto& error) { return error.resource; });
    return resources && !line.check ? kNoResource : kWrongFile;
  }
  if (line.check) {
    std::cout << line.config << ": ok\n" << std::flush;
    return std::cout ? kStopped : kNoResource;
  }
  lbd::config::Config config = std::move(loaded).config();
  lbd::log::set_json(config.daemon.log_format == lbd::config::LogFormat::kJson);
  lbd::log::set_level(lbd::config::to_text(config.daemon.log_level));
  spdlog::info("lbd {} starts as {} with {}", LBD_VERSION, config.daemon.name, line.config);
  const lbd::Status done = lbd::run_daemon(line.config, std::move(config));
  if (!done) {
    std::cerr << "lbd: " << done.error().message << "\n";
    return kNoResource;
  }
  spdlog::info("lbd has stopped");
  return kStopped;
}

}  // namespace

int main(int argc, char** argv) {
  lbd::take_signals();
  const auto line = lbd::parse_command_line(std::vector<std::string>(argv + 1, argv + argc));
  if (!line) {
    std::cerr << "lbd: " << line.error().message << "\n";
    return kWrongCommandLine;
  }
  if (line.value().help) {
    std::cout << lbd::help_text();
    return kStopped;
  }
  if (line.value().version) {
    std::cout << "lbd " << LBD_VERSION << " (" << LBD_MACHINE << ")\n";
    return kStopped;
  }
  try {
    return run(line.value());
  } catch (const std::exception& error) {
    std::cerr << "lbd: " << error.what() << "\n";
    return kNoResource;
  }
}
