// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "common/address.h"

// Longest prefix match, IPv4 or IPv6: a trie with a stride of eight bits.
//
// Theory. A node has 256 entries, one for each value of an address's next byte. An entry is a leaf
// (the value of the longest prefix that covers it, pushed down from wherever it was entered) or a
// pointer to a node of longer prefixes. A look-up walks at most 4 (IPv4) or 16 (IPv6) entries and
// never goes back.
//
// One writer, any number of readers without locks. The writer changes entry by entry, each with one
// atomic store (release; readers acquire): a look-up sees for its address the route before or the
// route after. Nodes are filled before they are hung in. A node that holds nothing longer any more
// is unhooked and put on the retired list; readers may still be in it, so its owner takes the list,
// waits for a grace period, and lets it go.
namespace lbd {

inline constexpr uint32_t kNoRoute = 0xffffffffu;

/// One family's routes.
class Lpm {
 public:
  class Node;
  struct FreeNode {
    void operator()(Node* node) const;
  };
  using NodePtr = std::unique_ptr<Node, FreeNode>;

  explicit Lpm(Family family);
  ~Lpm();  // no reader may be left
  Lpm(const Lpm&) = delete;
  Lpm& operator=(const Lpm&) = delete;

  /// Readers, any thread. The value of the longest prefix that contains `address`, or kNoRoute.
  /// An address or prefix of the other family matches nothing.
  uint32_t lookup(const IpAddress& address) const;

  // The writer.

  /// Enters or replaces. The prefix' host part is ignored; `value` may be anything but kNoRoute.
  void insert(const Prefix& prefix, uint32_t value);
  /// False where there is no such prefix.
  bool erase(const Prefix& prefix);
  size_t size() const { return routes_.size(); }
  /// Nodes out of use since the last call: destroy them after a grace period.
  std::vector<NodePtr> take_retired();

 private:
  struct Change;

  Change removal_of(const Prefix& network) const;
  void apply(Node& node, unsigned depth, const Change& change);
  void apply_deeper(Node& node, unsigned depth, const Change& change);
  void apply_to_all(Node& node, unsigned depth, const Change& change);
  void apply_to_entry(Node& node, unsigned index, unsigned depth, const Change& change);

  Family family_;
  NodePtr root_;  // never replaced
  std::map<Prefix, uint32_t> routes_;
  std::vector<NodePtr> retired_;
};

}  // namespace lbd
