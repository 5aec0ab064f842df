// SPDX-License-Identifier: Apache-2.0
#include <rte_eal.h>
#include <rte_errno.h>

#include <csignal>
#include <cstdio>
#include <iostream>
#include <string>

#include "options.h"
#include "port.h"
#include "report.h"
#include "run.h"

// lbd-loadgen: sends frames of many flows through a device under test that hands them back on the
// same port, and says how many came back. Exit code 0, 1 (the run failed), 2 (command line).
namespace {

std::atomic<bool> stop_asked = false;

void ask_stop(int) {
  stop_asked.store(true, std::memory_order_relaxed);
}

int fail(int code, const std::string& message) {
  std::cerr << "lbd-loadgen: " << message << '\n';
  return code;
}

int measure(const lbd::loadgen::Options& options) {
  auto port = lbd::loadgen::Port::open(options.frame_size);
  if (!port) return fail(1, port.error().message);
  if (options.wait_for_line) {
    std::string line;
    if (!std::getline(std::cin, line)) return fail(1, "standard input ended before a line came");
  }
  if (!port->wait_for_link(options.link_timeout)) {
    return fail(1, std::string(port->device()) + ": no link, is the device under test running?");
  }
  const auto report = lbd::loadgen::run(options, *port, stop_asked);
  if (!report) return fail(1, report.error().message);
  std::cout << lbd::loadgen::text(options, report.value()) << std::flush;
  if (options.json.empty()) return 0;
  const auto written =
      lbd::loadgen::write_json(options, report.value(), port->device(), options.json);
  return written ? 0 : fail(1, written.error().message);
}

bool asks_for_help(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--help") return true;
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  if (asks_for_help(argc, argv)) {
    std::cout << lbd::loadgen::options_help();
    return 0;
  }
  const int used = rte_eal_init(argc, argv);
  if (used < 0) return fail(2, std::string("EAL: ") + rte_strerror(rte_errno));
  const auto options = lbd::loadgen::parse_options(argc - used, argv + used);
  if (!options) {
    rte_eal_cleanup();
    return fail(2, options.error().message);
  }
  std::signal(SIGINT, ask_stop);
  std::signal(SIGTERM, ask_stop);
  const int code = measure(options.value());
  rte_eal_cleanup();
  return code;
}
