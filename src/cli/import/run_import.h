// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/command_line.h"

namespace lbd::cli {

/// lbctl import-ipvs: lb.yaml to standard output, remarks to standard error. The error: it could
/// not serve, or a file cannot be read.
Status run_import(const Command& command);

}  // namespace lbd::cli
