// SPDX-License-Identifier: Apache-2.0
#include "dataplane/schedule/two_choices.h"

namespace lbd {
namespace {

/// Draws of overloaded servers before it is the next open one from a random place on; none where
/// fewer than one of kFew is open.
constexpr unsigned kTries = 8;
constexpr uint32_t kFew = 32;

bool lighter(const Candidate& a, const Candidate& b, const ConnectionCounts& counts) {
  return overhead_of(counts.get(a.server)) * b.weight <
         overhead_of(counts.get(b.server)) * a.weight;
}

}  // namespace

TwoChoices::TwoChoices(std::span<const Candidate> candidates, unsigned worker)
    : list_(candidates),
      open_(list_),
      columns_(list_.size()),
      state_(0x9e3779b97f4a7c15ull * (worker + 1)) {
  const uint64_t n = list_.size();
  uint64_t sum = 0;
  for (uint32_t i = 0; i < n; ++i) sum += list_[i].weight;
  // In units in which a column holds `sum` and server i has weight * n.
  std::vector<uint64_t> left(n);
  std::vector<uint32_t> small, large;
  for (uint32_t i = 0; i < n; ++i) {
    left[i] = list_[i].weight * n;
    (left[i] < sum ? small : large).push_back(i);
  }
  while (!small.empty() && !large.empty()) {
    const uint32_t poor = small.back();
    const uint32_t rich = large.back();
    small.pop_back();
    const auto share = (static_cast<unsigned __int128>(left[poor]) << 32) / sum;
    columns_[poor] = {static_cast<uint32_t>(share), rich};
    left[rich] -= sum - left[poor];
    if (left[rich] >= sum) continue;
    large.pop_back();
    small.push_back(rich);
  }
  for (const uint32_t full : large) columns_[full] = {~0u, full};
  for (const uint32_t full : small) columns_[full] = {~0u, full};
}

/// SplitMix64 (Steele, Lea, Flood 2014).
uint64_t TwoChoices::random() {
  uint64_t z = state_ += 0x9e3779b97f4a7c15ull;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ z >> 27) * 0x94d049bb133111ebull;
  return z ^ z >> 31;
}

const Candidate* TwoChoices::draw(const NewFlow& flow) {
  const unsigned tries = open_.count() < list_.size() / kFew ? 0 : kTries;
  for (unsigned i = 0; i < tries; ++i) {
    const uint64_t bits = random();
    const auto column = static_cast<uint32_t>((bits >> 32) * list_.size() >> 32);
    const Column& at = columns_[column];
    const uint32_t drawn = static_cast<uint32_t>(bits) < at.own ? column : at.other;
    if (!open_.is_open(drawn)) continue;
    if (!is_out(list_[drawn], flow)) return &list_[drawn];
    open_.close(drawn);
  }
  const auto from = static_cast<uint32_t>((random() >> 32) * list_.size() >> 32);
  const uint32_t at = open_.take(from, flow, list_);
  return at == list_.size() ? nullptr : &list_[at];
}

const Candidate* TwoChoices::pick(const NewFlow& flow) {
  if (list_.empty()) return nullptr;
  open_.refresh(flow, list_);
  const Candidate* first = draw(flow);
  const Candidate* second = draw(flow);
  if (first == nullptr || second == nullptr) return first ? first : second;
  return lighter(*second, *first, *flow.counts) ? second : first;
}

}  // namespace lbd
