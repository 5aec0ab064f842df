// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "control/config/model_vrrp.h"

namespace lbd::config {

/// The part of difference() that is about VRRP: adds a line for each change. A password is never
/// part of a line.
void compare_vrrp(std::vector<std::string>& lines, const Vrrp& before, const Vrrp& after);

}  // namespace lbd::config
