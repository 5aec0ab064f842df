// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataplane/schedule/least_load.h"

namespace lbd {

/// nq: the first that has no active connection, whatever the weights; else as sed.
struct NeverQueueRule {
  static Ratio ratio(LoadWord word, uint32_t weight) {
    if (active_of(word) == 0) return {0, 1};
    return {uint64_t{active_of(word)} + 1, weight};
  }
};
using NeverQueue = LeastLoad<NeverQueueRule>;

}  // namespace lbd
