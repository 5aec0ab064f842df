// SPDX-License-Identifier: Apache-2.0
#include "dataplane/schedule/weighted_round_robin.h"

#include <algorithm>
#include <numeric>

namespace lbd {
namespace {

constexpr uint32_t kPhases = 65'536;  // of a step
/// Multiples of the golden ratio spread phases and workers evenly, however many there are.
constexpr uint32_t kGolden = 40'503;

uint32_t initial_phase(uint32_t position, uint32_t weight, unsigned worker) {
  const uint32_t begin = worker * kGolden % kPhases;  // where in the round this worker starts
  return (position * kGolden - begin * weight) % kPhases;
}

}  // namespace

WeightedRoundRobin::WeightedRoundRobin(std::span<const Candidate> candidates, unsigned worker)
    : list_(candidates),
      turns_(list_.size()),
      heap_(list_.size()),
      parked_(list_.size()),
      reliefs_(list_) {
  uint32_t divisor = 0;
  for (uint32_t i = 0; i < list_.size(); ++i) divisor = std::gcd(divisor, list_[i].weight);
  for (uint32_t i = 0; i < list_.size(); ++i) {
    const uint32_t weight = list_[i].weight / divisor;
    turns_[i] = {~uint64_t{0} / weight, weight, initial_phase(i, weight, worker), 0, 0};
  }
  rebuild();
}

/// round + (step + phase) / weight as fixed point. The fraction stays below 1 since it is rounded
/// down, and is the same in every round: so rounds repeat each other exactly.
uint64_t WeightedRoundRobin::time_of(const Turn& turn) {
  const uint64_t steps = (uint64_t{turn.step} * kPhases + turn.phase) << 16;
  const unsigned __int128 quotient = static_cast<unsigned __int128>(steps) * turn.reciprocal;
  return uint64_t{turn.round} << 32 | static_cast<uint64_t>(quotient >> 64);
}

bool WeightedRoundRobin::before(const Due& a, const Due& b) {
  const auto difference = static_cast<int64_t>(a.time - b.time);
  return difference < 0 || (difference == 0 && a.position < b.position);
}

const Candidate* WeightedRoundRobin::pick(const NewFlow& flow) {
  if (waiting_ == list_.size())
    reliefs_.skip(flow);
  else
    reliefs_.refresh(flow, list_, [&](uint32_t position) {
      if (parked_[position] && !is_out(list_[position], flow)) unpark(position);
    });
  while (waiting_ != 0) {
    Due& due = heap_[0];
    const uint32_t position = due.position;
    if (is_out(list_[position], flow)) [[unlikely]] {
      park_first();
      continue;
    }
    Turn& turn = turns_[position];
    if (++turn.step == turn.weight) {
      turn.step = 0;
      ++turn.round;
    }
    now_ = due.time;
    due.time = time_of(turn);
    sift_down(0);
    return &list_[position];
  }
  return nullptr;
}

void WeightedRoundRobin::park_first() {
  parked_[heap_[0].position] = true;
  heap_[0] = heap_[--waiting_];
  if (waiting_ != 0) sift_down(0);
}

void WeightedRoundRobin::unpark(uint32_t position) {
  parked_[position] = false;
  Turn& turn = turns_[position];
  turn.round = static_cast<uint32_t>(now_ >> 32);
  if (static_cast<int64_t>(time_of(turn) - now_) < 0) ++turn.round;
  heap_[waiting_] = {time_of(turn), position};
  sift_up(waiting_++);
}

void WeightedRoundRobin::sift_up(uint32_t at) {
  const Due moving = heap_[at];
  for (; at != 0 && before(moving, heap_[(at - 1) / 4]); at = (at - 1) / 4)
    heap_[at] = heap_[(at - 1) / 4];
  heap_[at] = moving;
}

void WeightedRoundRobin::sift_down(uint32_t at) {
  const uint32_t size = waiting_;
  const Due moving = heap_[at];
  for (;;) {
    const uint32_t first = at * 4 + 1;
    if (first >= size) break;
    uint32_t least = first;
    for (uint32_t child = first + 1; child < std::min(first + 4, size); ++child)
      if (before(heap_[child], heap_[least])) least = child;
    if (!before(heap_[least], moving)) break;
    heap_[at] = heap_[least];
    at = least;
  }
  heap_[at] = moving;
}

void WeightedRoundRobin::rebuild() {
  waiting_ = list_.size();
  std::ranges::fill(parked_, uint8_t{0});
  for (uint32_t i = 0; i < list_.size(); ++i) heap_[i] = {time_of(turns_[i]), i};
  for (auto i = static_cast<uint32_t>(heap_.size() / 4 + 1); i-- > 0;)
    if (i < heap_.size()) sift_down(i);
}

void WeightedRoundRobin::adopt(const WeightedRoundRobin& old) {
  list_.for_each_common(old.list_, [&](uint32_t before, uint32_t here) {
    const Turn& turn = old.turns_[before];
    // At most one step, 2^32 / weight; less than none where the server was parked.
    const auto wait =
        static_cast<uint64_t>(std::max<int64_t>(0, static_cast<int64_t>(time_of(turn) - old.now_)));
    const uint64_t phase = wait * turn.weight >> 16;
    turns_[here].phase = static_cast<uint32_t>(std::min<uint64_t>(phase, kPhases - 1));
  });
  rebuild();
}

}  // namespace lbd
