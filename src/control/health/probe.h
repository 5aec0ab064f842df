// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include "control/health/outcome.h"

namespace lbd::health {

/// What one run, made because somebody asked, found and saw.
struct ProbeResult {
  std::string title;
  Outcome outcome;
  std::chrono::milliseconds took{0};
  Trace trace;
};

/// Runs each target's check once, all at the same time, with a trace; states are not touched.
/// `done` runs when the last one has ended, at the latest with the longest timeout.
void probe(boost::asio::io_context& io, CommandRunner& commands, std::vector<Target> targets,
           std::function<void(std::vector<ProbeResult>)> done);

}  // namespace lbd::health
