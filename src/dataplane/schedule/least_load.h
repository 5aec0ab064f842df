// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <vector>

#include "dataplane/schedule/change_watch.h"
#include "dataplane/schedule/tournament.h"

namespace lbd {

/// What lc, wlc, sed, nq and ovf have in common: the least cost wins, the first of equal ones.
/// `Rule::ratio(word, weight)` is pure; overloaded servers are none of its business.
template <class Rule>
class LeastLoad {
 public:
  explicit LeastLoad(std::span<const Candidate> candidates)
      : list_(candidates),
        watch_(list_),
        scale_(highest_weight(list_)),
        seen_(list_.size(), 0),
        costs_(list_.size()) {
    for (uint32_t i = 0; i < list_.size(); ++i)
      costs_.set(i, scale_.of(Rule::ratio(0, list_[i].weight)));
  }

  /// nullptr: no server takes connections. O(log n) for each change since the pick before.
  const Candidate* pick(const NewFlow& flow) {
    refresh(*flow.counts, [](uint32_t, LoadWord) {});
    return least();
  }

  /// Reads what has changed; calls f(position, word) for each server whose word is another than the
  /// time before (0 before the first time).
  template <class F>
  void refresh(const ConnectionCounts& counts, F&& f) {
    watch_.refresh(counts, [&](const ChangeWatch::Run& run) {
      const std::atomic<LoadWord>* const words = counts.words_from(run.first);
      LoadWord* const seen = &seen_[run.begin];
      for (uint32_t i = 0; i < run.size; ++i) {
        const LoadWord word = words[i].load(std::memory_order_relaxed);
        if (word == seen[i]) [[likely]]
          continue;
        seen[i] = word;
        const uint32_t position = list_.by_server()[run.begin + i].position;
        change(position, word);
        f(position, word);
      }
    });
  }
  /// By what the last refresh() has read; nullptr as pick().
  const Candidate* least() const {
    return costs_.least_cost() == kInfiniteCost ? nullptr : &list_[costs_.least()];
  }
  const CandidateList& list() const { return list_; }

 private:
  void change(uint32_t position, LoadWord word) {
    const Cost cost =
        word & kOverloaded ? kInfiniteCost : scale_.of(Rule::ratio(word, list_[position].weight));
    costs_.set(position, cost);
  }
  static uint32_t highest_weight(const CandidateList& list) {
    uint32_t highest = 1;
    for (uint32_t i = 0; i < list.size(); ++i) highest = std::max(highest, list[i].weight);
    return highest;
  }

  CandidateList list_;
  ChangeWatch watch_;
  CostScale scale_;
  std::vector<LoadWord> seen_;  // by place in list_.by_server()
  Tournament costs_;
};

}  // namespace lbd
