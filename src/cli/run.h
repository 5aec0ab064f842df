// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/client.h"
#include "cli/command_line.h"

namespace lbd::cli {

/// Asks lbd what `command` says and prints the answer to standard output.
Status run(const Command& command);

}  // namespace lbd::cli
