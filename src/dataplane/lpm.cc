// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lpm.h"

#include <array>
#include <atomic>
#include <utility>

namespace lbd {
namespace {

// An entry is a pointer to a node, or a leaf: value << 1 | 1.
constexpr uint64_t leaf(uint32_t value) {
  return uint64_t{value} << 1 | 1;
}
constexpr bool is_leaf(uint64_t entry) {
  return entry & 1;
}

// A rank says how long the prefix is that owns a leaf: its length + 1; 0 is no route.
constexpr unsigned rank_of(unsigned length) {
  return length + 1;
}
/// The highest rank of a leaf that came from above a node at this depth (in bytes).
constexpr unsigned inherited_rank(unsigned depth) {
  return rank_of(depth * 8);
}

}  // namespace

class Lpm::Node {
 public:
  Node(uint64_t entry, unsigned rank) {
    for (auto& each : entries_) each.store(entry, std::memory_order_relaxed);
    ranks_.fill(static_cast<uint8_t>(rank));
  }

  uint64_t entry(unsigned index) const { return entries_[index].load(std::memory_order_acquire); }
  unsigned rank(unsigned index) const { return ranks_[index]; }
  Node* child(unsigned index) const {
    const uint64_t value = entry(index);
    return is_leaf(value) ? nullptr : reinterpret_cast<Node*>(value);
  }
  /// `own`: the entry is there because of something longer than what covers the whole node.
  void set(unsigned index, uint64_t entry, unsigned rank, bool own) {
    own_ += own - (own_bits_[index / 64] >> (index % 64) & 1);
    own_bits_[index / 64] &= ~(uint64_t{1} << (index % 64));
    own_bits_[index / 64] |= uint64_t{own} << (index % 64);
    ranks_[index] = static_cast<uint8_t>(rank);
    entries_[index].store(entry, std::memory_order_release);
  }
  bool has_own() const { return own_ != 0; }

 private:
  std::array<std::atomic<uint64_t>, 256> entries_;  // the writer writes, anyone reads
  // The writer's alone.
  std::array<uint8_t, 256> ranks_;
  std::array<uint64_t, 4> own_bits_{};
  uint64_t own_ = 0;
};

void Lpm::FreeNode::operator()(Node* node) const {
  delete node;
}

/// What becomes of the leaves below `network` that belong to it or to a prefix that covers it.
struct Lpm::Change {
  Prefix network;
  unsigned own_rank;
  uint64_t entry;
  unsigned rank;
};

Lpm::Lpm(Family family) : family_(family), root_(new Node(leaf(kNoRoute), 0)) {}

Lpm::~Lpm() {
  std::vector<NodePtr> left;
  left.push_back(std::move(root_));
  while (!left.empty()) {
    const NodePtr node = std::move(left.back());
    left.pop_back();
    for (unsigned index = 0; index < 256; ++index)
      if (Node* child = node->child(index)) left.emplace_back(child);
  }
}

uint32_t Lpm::lookup(const IpAddress& address) const {
  if (address.family() != family_) return kNoRoute;
  const uint8_t* bytes = address.data();
  uint64_t entry = root_->entry(*bytes);
  while (!is_leaf(entry)) entry = reinterpret_cast<const Node*>(entry)->entry(*++bytes);
  return static_cast<uint32_t>(entry >> 1);
}

void Lpm::insert(const Prefix& prefix, uint32_t value) {
  if (prefix.address.family() != family_) return;
  const Prefix network = prefix.network();
  const unsigned rank = rank_of(network.length);
  routes_[network] = value;
  apply(*root_, 0, {network, rank, leaf(value), rank});
}

bool Lpm::erase(const Prefix& prefix) {
  const Prefix network = prefix.network();
  if (routes_.erase(network) == 0) return false;
  apply(*root_, 0, removal_of(network));
  return true;
}

/// Its leaves go to the longest prefix that covers it.
Lpm::Change Lpm::removal_of(const Prefix& network) const {
  const unsigned rank = rank_of(network.length);
  for (unsigned length = network.length; length-- > 0;) {
    const Prefix wider = Prefix{network.address, static_cast<uint8_t>(length)}.network();
    if (const auto found = routes_.find(wider); found != routes_.end())
      return {network, rank, leaf(found->second), rank_of(length)};
  }
  return {network, rank, leaf(kNoRoute), 0};
}

void Lpm::apply(Node& node, unsigned depth, const Change& change) {
  const unsigned bits = change.network.length - depth * 8;
  if (bits > 8) return apply_deeper(node, depth, change);
  const unsigned first = bits == 0 ? 0 : change.network.address.data()[depth];
  const unsigned count = 256u >> bits;
  for (unsigned index = first; index < first + count; ++index)
    apply_to_entry(node, index, depth, change);
}

void Lpm::apply_deeper(Node& node, unsigned depth, const Change& change) {
  const unsigned index = change.network.address.data()[depth];
  if (Node* child = node.child(index)) {
    apply(*child, depth + 1, change);
    if (child->has_own()) return;
    // Nothing longer is left: all its entries are the leaf that covers it.
    const unsigned rank = child->rank(0);
    node.set(index, child->entry(0), rank, rank > inherited_rank(depth));
    retired_.emplace_back(child);
    return;
  }
  NodePtr child(new Node(node.entry(index), node.rank(index)));
  apply(*child, depth + 1, change);
  node.set(index, reinterpret_cast<uint64_t>(child.release()), 0, true);
}

void Lpm::apply_to_all(Node& node, unsigned depth, const Change& change) {
  for (unsigned index = 0; index < 256; ++index) apply_to_entry(node, index, depth, change);
}

void Lpm::apply_to_entry(Node& node, unsigned index, unsigned depth, const Change& change) {
  if (Node* child = node.child(index)) return apply_to_all(*child, depth + 1, change);
  if (node.rank(index) > change.own_rank) return;  // a longer prefix' leaf
  node.set(index, change.entry, change.rank, change.rank > inherited_rank(depth));
}

std::vector<Lpm::NodePtr> Lpm::take_retired() {
  return std::exchange(retired_, {});
}

}  // namespace lbd
