// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "dataplane/schedule/candidate.h"

namespace lbd {

/// Which servers of one worker's list may have changed their counts since it last looked.
///
/// Theory. The list falls into runs of servers with consecutive ids in one block of
/// ConnectionCounts. Ids of one service follow each other mostly, and so do the blocks of its runs:
/// the numbers of four such blocks are compared at once, for mostly none of them has moved.
class ChangeWatch {
 public:
  explicit ChangeWatch(const CandidateList& list);

  /// Servers with consecutive ids in one block.
  struct Run {
    ServerId first;
    uint32_t begin;  // in list.by_server()
    uint32_t block;
    uint16_t size;
    bool next_three_follow;  // the blocks of the next three runs follow this one's
  };
  /// Calls f(run) for each run in whose block something has changed; the first time for every block
  /// that ever had a connection.
  /// O(n / ConnectionCounts::kBlock + changed).
  template <class F>
  void refresh(const ConnectionCounts& counts, F&& f) {
    const Run* const end = runs_.data() + runs_.size();
    uint64_t* seen = seen_.data();
    for (const Run* run = runs_.data(); run < end;) {
      const std::atomic<uint64_t>* const now = counts.changes_from(run->block);
      if (run->next_three_follow && 0 == (moved(seen[0], now[0]) | moved(seen[1], now[1]) |
                                          moved(seen[2], now[2]) | moved(seen[3], now[3]))) {
        run += 4;
        seen += 4;
        continue;
      }
      if (const uint64_t changes = now->load(std::memory_order_acquire); changes != *seen) {
        *seen = changes;
        f(*run);
      }
      ++run;
      ++seen;
    }
  }

 private:
  static uint64_t moved(uint64_t seen, const std::atomic<uint64_t>& now) {
    return seen ^ now.load(std::memory_order_relaxed);
  }

  std::vector<Run> runs_;
  std::vector<uint64_t> seen_;  // by run: its block's number
};

}  // namespace lbd
