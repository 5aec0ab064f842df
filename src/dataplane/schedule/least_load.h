// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "dataplane/schedule/candidate.h"
#include "dataplane/schedule/tournament.h"

namespace lbd {

/// The servers of one worker's list whose counts have changed since it last looked.
class LoadWatch {
 public:
  explicit LoadWatch(const CandidateList& list);

  /// Calls f(position, word) for each server whose word is another than the time before (0 before
  /// the first time). O(n / ConnectionCounts::kBlock + changed).
  template <class F>
  void refresh(const ConnectionCounts& counts, F&& f) {
    for (Block& block : blocks_) {
      const uint64_t changes = counts.changes(block.number);
      if (changes == block.seen) continue;
      block.seen = changes;
      for (uint32_t i = block.begin; i < block.end; ++i) {
        const LoadWord word = counts.get(seen_[i].server);
        if (word == seen_[i].word) continue;
        seen_[i].word = word;
        f(seen_[i].position, word);
      }
    }
  }

 private:
  struct Block {
    uint64_t seen;
    uint32_t number;
    uint32_t begin, end;  // in seen_
  };
  struct Seen {
    LoadWord word;
    ServerId server;
    uint32_t position;
  };
  std::vector<Block> blocks_;
  std::vector<Seen> seen_;  // by server
};

/// What lc, wlc, sed, nq and ovf have in common: the least cost wins, the first of equal ones.
/// `Rule::cost(word, weight)` is pure; overloaded servers are none of its business.
template <class Rule>
class LeastLoad {
 public:
  explicit LeastLoad(std::span<const Candidate> candidates)
      : list_(candidates), watch_(list_), costs_(list_.size()) {
    for (uint32_t i = 0; i < list_.size(); ++i) costs_.set(i, Rule::cost(0, list_[i].weight));
  }

  /// nullptr: no server takes connections. O(log n) for each change since the pick before.
  const Candidate* pick(const NewFlow& flow) {
    watch_.refresh(*flow.counts, [this](uint32_t position, LoadWord word) {
      costs_.set(position,
                 word & kOverloaded ? Cost::infinite() : Rule::cost(word, list_[position].weight));
    });
    if (list_.empty() || costs_[costs_.least()].is_infinite()) return nullptr;
    return &list_[costs_.least()];
  }
  const CandidateList& list() const { return list_; }

 private:
  CandidateList list_;
  LoadWatch watch_;
  Tournament costs_;
};

}  // namespace lbd
