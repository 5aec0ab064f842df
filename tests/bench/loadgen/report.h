// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/result.h"
#include "run.h"

namespace lbd::loadgen {

/// A few lines for people.
std::string text(const Options& options, const RunReport& report);

/// Writes the same as one JSON document.
Status write_json(const Options& options, const RunReport& report, const std::string& device,
                  const std::string& path);

}  // namespace lbd::loadgen
