// SPDX-License-Identifier: Apache-2.0
#include "dataplane/schedule/tournament.h"

#include <algorithm>
#include <bit>

namespace lbd {

Tournament::Tournament(uint32_t n)
    : leaves_(std::bit_ceil(std::max(n, 2u))), costs_(leaves_, Cost::infinite()), nodes_(leaves_) {
  for (uint32_t node = leaves_ - 1; node >= 1; --node) nodes_[node] = winner(2 * node);
}

void Tournament::set(uint32_t at, Cost cost) {
  costs_[at] = cost;
  for (uint32_t node = (leaves_ + at) / 2; node >= 1; node /= 2) {
    const uint32_t left = winner(2 * node);
    const uint32_t right = winner(2 * node + 1);
    const uint32_t best = costs_[right] < costs_[left] ? right : left;
    // Above a node whose winner stays, and is another, nothing changes.
    if (best == nodes_[node] && best != at) return;
    nodes_[node] = best;
  }
}

}  // namespace lbd
