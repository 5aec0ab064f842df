// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataplane/schedule/least_load.h"

namespace lbd {

/// wlc: least (active * 256 + inactive) / weight.
struct WeightedLeastConnectionRule {
  static Ratio ratio(LoadWord word, uint32_t weight) { return {overhead_of(word), weight}; }
};
using WeightedLeastConnection = LeastLoad<WeightedLeastConnectionRule>;

}  // namespace lbd
