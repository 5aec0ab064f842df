// SPDX-License-Identifier: Apache-2.0
#include "dataplane/schedule/tournament.h"

#include <algorithm>
#include <bit>

namespace lbd {

CostScale::CostScale(uint32_t highest_weight)
    : shift_(2 * static_cast<unsigned>(std::bit_width(std::max(highest_weight, 1u) - 1))),
      limit_((~uint64_t{0} >> shift_) - 1) {}

Tournament::Tournament(uint32_t n) {
  do {
    n = (std::max(n, 1u) + 3) >> kBits;
    levels_.push_back(static_cast<uint32_t>(costs_.size()));
    costs_.resize(costs_.size() + (n << kBits), kInfiniteCost);
  } while (n > 1);
  costs_.push_back(kInfiniteCost);
}

void Tournament::set(uint32_t at, Cost cost) {
  Cost* const costs = costs_.data();
  for (const uint32_t level : levels_) {
    const Cost* const siblings = costs + level;
    if (siblings[at] == cost) return;
    costs[level + at] = cost;
    const Cost one = std::min(cost, siblings[at ^ 1]);
    cost = std::min(one, std::min(siblings[at ^ 2], siblings[at ^ 3]));
    at >>= kBits;
  }
  costs_.back() = cost;
}

uint32_t Tournament::least() const {
  const Cost cost = least_cost();
  uint32_t at = 0;
  for (size_t level = levels_.size(); level-- > 0;) {
    at <<= kBits;
    const Cost* const children = &costs_[levels_[level] + at];
    // Without branches, for which child it is no one can foresee.
    const uint32_t second = children[0] != cost;
    const uint32_t third = second & static_cast<uint32_t>(children[1] != cost);
    const uint32_t fourth = third & static_cast<uint32_t>(children[2] != cost);
    at += second + third + fourth;
  }
  return at;
}

}  // namespace lbd
