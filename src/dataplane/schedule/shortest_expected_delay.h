// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataplane/schedule/least_load.h"

namespace lbd {

/// sed: least (active + 1) / weight.
struct ShortestExpectedDelayRule {
  static Ratio ratio(LoadWord word, uint32_t weight) {
    return {uint64_t{active_of(word)} + 1, weight};
  }
};
using ShortestExpectedDelay = LeastLoad<ShortestExpectedDelayRule>;

}  // namespace lbd
