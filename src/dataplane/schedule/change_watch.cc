// SPDX-License-Identifier: Apache-2.0
#include "dataplane/schedule/change_watch.h"

namespace lbd {

ChangeWatch::ChangeWatch(const CandidateList& list) {
  for (uint32_t i = 0; i < list.size(); ++i) {
    const ServerId server = list.by_server()[i].server;
    const uint32_t block = server / ConnectionCounts::kBlock;
    const bool goes_on = !runs_.empty() && runs_.back().block == block &&
                         runs_.back().first + runs_.back().size == server;
    if (!goes_on) runs_.push_back({server, i, block, 0, false});
    ++runs_.back().size;
  }
  seen_.resize(runs_.size(), 0);
  for (size_t at = 0; at + 3 < runs_.size(); ++at) {
    Run& run = runs_[at];
    run.next_three_follow = runs_[at + 1].block == run.block + 1 &&
                            runs_[at + 2].block == run.block + 2 &&
                            runs_[at + 3].block == run.block + 3;
  }
}

}  // namespace lbd
