// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "step.h"
#include "yaml_tools.h"

namespace lbd::test {

/// Compares a frame of lbd's own with an entry of `expect: reply`.
void check_reply(Step& step, const Sent& reply, const YAML::Node& expect);

}  // namespace lbd::test
