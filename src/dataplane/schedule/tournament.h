// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace lbd {

/// load / weight of a server as a whole number: see CostScale.
using Cost = uint64_t;
/// More than any other: the server is out.
inline constexpr Cost kInfiniteCost = ~Cost{0};

/// What a scheduler's rule makes of a server's connections.
struct Ratio {
  uint64_t load;
  uint32_t weight;  // 0: the server is out
  static constexpr Ratio infinite() { return {1, 0}; }
};

/// Costs that are in the order of the ratios, and equal where those are.
///
/// Theory. Ratios whose weights are 2^b at most differ by 1 / 2^2b at least, or not at all. So
/// their multiples of 2^2b, rounded down, are in the same order: one division when a load changes
/// instead of two multiplications at each comparison. Loads from limit() up count as equal; with
/// weights up to 4,096 no server has so many connections, with 65,535 it is 2^32 (16.7 million
/// active ones by lc and wlc).
class CostScale {
 public:
  explicit CostScale(uint32_t highest_weight);

  Cost of(Ratio ratio) const {
    if (ratio.weight == 0) return kInfiniteCost;
    return ((ratio.load < limit_ ? ratio.load : limit_) << shift_) / ratio.weight;
  }
  uint64_t limit() const { return limit_; }

 private:
  unsigned shift_;
  uint64_t limit_;
};

/// The least of n costs, the first of equal ones.
///
/// Theory. A tree of four children a node; each node has the least cost below it, children lie side
/// by side. A change goes up as long as it changes that; which siblings it is compared with depends
/// on its place alone, so they are fetched all at once. Who has the least is found from the top
/// down.
class Tournament {
 public:
  /// All infinite.
  explicit Tournament(uint32_t n);

  void set(uint32_t at, Cost cost);
  Cost least_cost() const { return costs_.back(); }
  /// Where the least is; meaningless where that is infinite.
  uint32_t least() const;

 private:
  static constexpr unsigned kBits = 2;  // four children

  std::vector<Cost> costs_;       // level by level, the leaves first, the root last
  std::vector<uint32_t> levels_;  // where each one begins, the root's aside
};

}  // namespace lbd
