// SPDX-License-Identifier: Apache-2.0
#include "dataplane/schedule/least_load.h"

namespace lbd {

LoadWatch::LoadWatch(const CandidateList& list) {
  for (const auto& [server, position] : list.by_server()) {
    const uint32_t number = server / ConnectionCounts::kBlock;
    const auto at = static_cast<uint32_t>(seen_.size());
    if (blocks_.empty() || blocks_.back().number != number) blocks_.push_back({0, number, at, at});
    ++blocks_.back().end;
    seen_.push_back({0, server, position});
  }
}

}  // namespace lbd
