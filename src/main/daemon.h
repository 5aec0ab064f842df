// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <string>

#include "common/result.h"
#include "control/config/model.h"

namespace lbd {

/// Set by SIGTERM and SIGINT from the first moment of main() on until the loop takes over.
extern std::atomic<bool> stop_asked;
/// The same for SIGHUP.
extern std::atomic<bool> reload_asked;

/// From here on SIGTERM, SIGINT and SIGHUP only set the flags above, and SIGPIPE does nothing.
void take_signals();

/// Starts everything, runs until it is told to stop, stops everything. Success too where the start
/// itself was told to stop. The error is a missing resource, in one line.
Status run_daemon(const std::string& config_path, config::Config config);

}  // namespace lbd
