// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include "control/desired_state.h"
#include "control/override_state.h"

// What checks and slow start had made of servers, in the state file.
namespace lbd {

/// [{"service": "web", "server": "192.0.2.31:80", "up": true, "weight": 7, "ramp_begun_ms": N},
/// ...]: weight where an exec check gave one, ramp_begun_ms (wall clock) while a slow start is
/// under way.
nlohmann::ordered_json health_to_json(const HealthMemory& memory, const BothClocks& now);

/// Rows that cannot be read are left out: their servers begin as the file says.
HealthMemory health_from_json(const nlohmann::ordered_json& json, const BothClocks& now);

}  // namespace lbd
