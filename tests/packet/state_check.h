// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "step.h"
#include "yaml_tools.h"

namespace lbd::test {

/// Compares tables, gauges and counters with what `expect` says of them.
void check_state(Step& step, const YAML::Node& expect);

}  // namespace lbd::test
