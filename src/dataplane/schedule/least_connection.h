// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataplane/schedule/least_load.h"

namespace lbd {

/// lc: least active * 256 + inactive (ip_vs_dest_conn_overhead() of IPVS).
struct LeastConnectionRule {
  static Ratio ratio(LoadWord word, uint32_t) { return {overhead_of(word), 1}; }
};
using LeastConnection = LeastLoad<LeastConnectionRule>;

}  // namespace lbd
