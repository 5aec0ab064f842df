// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "director.h"

namespace lbd::test {

/// What must hold whenever nothing is on its way between workers: each packet has ended in exactly
/// one verdict or is held, no buffer is lost, and table, counts and half-open connections agree.
/// One line for each thing that is wrong.
std::vector<std::string> broken_invariants(const Director& director);

}  // namespace lbd::test
