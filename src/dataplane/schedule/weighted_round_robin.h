// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/schedule/openings.h"

namespace lbd {

/// wrr: in each round every server in proportion to its weight, spread evenly.
///
/// Theory. A round is one unit of virtual time. A server of weight w is due w times a round, every
/// 1/w: at (k + phase) / w for k = 0 .. w - 1, with a phase of its own in [0, 1). A pick takes
/// the server that is due first. So any stretch of as many picks as the weights' sum (divided by
/// their greatest common divisor) has every server exactly in proportion, wherever it begins, and
/// phases that differ keep servers of equal weight apart. A worker begins at a point of the round
/// of its own. A new list keeps for each server how much of its way to its next turn it has gone.
/// A server that is overloaded when it is due leaves the heap, and comes back to its place in the
/// present round when it is not any more.
class WeightedRoundRobin {
 public:
  WeightedRoundRobin(std::span<const Candidate> candidates, unsigned worker);

  /// nullptr: no server takes connections. O(log n), and once more for each server that
  /// was found overloaded or relieved since the pick before.
  const Candidate* pick(const NewFlow& flow);
  /// Carries positions over, by server. O(n), no memory.
  void adopt(const WeightedRoundRobin& old);

 private:
  struct Turn {           // one server's, in list order
    uint64_t reciprocal;  // (2^64 - 1) / weight
    uint32_t weight;      // divided by the common divisor
    uint32_t phase;       // in 1/65536 of a step
    uint32_t step;        // 0 .. weight - 1
    uint32_t round;
  };
  struct Due {
    uint64_t time;  // round << 32 | fraction of the round; compared by difference
    uint32_t position;
  };
  static uint64_t time_of(const Turn& turn);
  static bool before(const Due& a, const Due& b);
  void rebuild();
  void sift_down(uint32_t at);
  void sift_up(uint32_t at);
  void park_first();
  void unpark(uint32_t position);

  CandidateList list_;
  std::vector<Turn> turns_;
  std::vector<Due> heap_;  // of its first waiting_ places; four children a node, least first
  uint32_t waiting_ = 0;
  std::vector<uint8_t> parked_;  // by position: it was overloaded when it was due
  ReliefWatch reliefs_;
  uint64_t now_ = 0;  // when the latest pick was due
};

}  // namespace lbd
