// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace lbd {

/// load / weight of a server, compared without division. Loads stay below 2^47.
struct Cost {
  uint64_t load;
  uint32_t weight;

  /// More than any other: the server is out.
  static constexpr Cost infinite() { return {1, 0}; }
  bool is_infinite() const { return weight == 0; }
  /// Neither is less where both are infinite.
  bool operator<(const Cost& other) const { return load * other.weight < other.load * weight; }
};

/// The least of n costs, the first of equal ones. A change costs O(log n), asking nothing.
class Tournament {
 public:
  /// All infinite.
  explicit Tournament(uint32_t n);

  void set(uint32_t at, Cost cost);
  /// Where the least is; meaningless where that is infinite.
  uint32_t least() const { return nodes_[1]; }
  const Cost& operator[](uint32_t at) const { return costs_[at]; }

 private:
  uint32_t winner(uint32_t node) const { return node < leaves_ ? nodes_[node] : node - leaves_; }

  uint32_t leaves_;              // a power of two, at least 2
  std::vector<Cost> costs_;      // by leaf
  std::vector<uint32_t> nodes_;  // winner of each inner node; children of k are 2k and 2k + 1
};

}  // namespace lbd
