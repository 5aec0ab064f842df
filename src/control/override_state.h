// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "control/desired_state.h"

// Operators' overrides in the state file. Times are those of the wall clock there: a steady clock
// means nothing after a restart.
namespace lbd {

struct BothClocks {
  Clock::time_point steady = Clock::now();
  std::chrono::system_clock::time_point wall = std::chrono::system_clock::now();
};

nlohmann::ordered_json overrides_to_json(const std::map<OverrideKey, Override>& overrides,
                                         const BothClocks& now);

/// What cannot be read is left out, with a line in `complaints`; what has run out meanwhile, too.
std::map<OverrideKey, Override> overrides_from_json(const nlohmann::ordered_json& json,
                                                    const BothClocks& now,
                                                    std::vector<std::string>& complaints);

}  // namespace lbd
