// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataplane/schedule/openings.h"

namespace lbd {

/// twos: two random servers by weight, of which the one with the lower overhead / weight gets the
/// flow ("power of two choices"; ip_vs_twos.c). A weighted draw is one look into an alias table
/// (Walker 1977): a column at random, then either its own server or the one that fills it up.
class TwoChoices {
 public:
  /// Workers draw different numbers, by their index.
  TwoChoices(std::span<const Candidate> candidates, unsigned worker);

  /// nullptr: no server takes connections. O(1), and one more for each server that was
  /// found overloaded since it was last relieved.
  const Candidate* pick(const NewFlow& flow);

 private:
  uint64_t random();
  const Candidate* draw(const NewFlow& flow);

  struct Column {
    uint32_t own = 0;    // of 2^32, how often the column's own server is drawn
    uint32_t other = 0;  // position
  };
  CandidateList list_;
  Openings open_;
  std::vector<Column> columns_;
  uint64_t state_;
};

}  // namespace lbd
