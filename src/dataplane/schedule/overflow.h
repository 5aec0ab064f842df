// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataplane/schedule/least_load.h"

namespace lbd {

/// ovf: the highest weight with active <= weight, the first of equal ones.
struct OverflowRule {
  static Ratio ratio(LoadWord word, uint32_t weight) {
    if (active_of(word) > weight) return Ratio::infinite();
    return {65'536 - weight, 1};
  }
};
using Overflow = LeastLoad<OverflowRule>;

}  // namespace lbd
