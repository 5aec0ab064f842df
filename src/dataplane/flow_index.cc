// SPDX-License-Identifier: Apache-2.0
#include "dataplane/flow_index.h"

#include <array>
#include <bit>

namespace lbd {

/// A bucket reached by the search: by moving slot `slot` of the bucket of step `parent`.
struct FlowIndex::Step {
  uint32_t bucket;
  uint16_t parent;
  uint16_t slot;
};

uint32_t FlowIndex::buckets_for(uint32_t capacity) {
  const uint64_t slots = (uint64_t{capacity} * 20 + 18) / 19;
  const uint64_t buckets = (slots + FlowBucket::kSlots - 1) / FlowBucket::kSlots;
  return static_cast<uint32_t>(std::bit_ceil(buckets < 2 ? uint64_t{2} : buckets));
}

bool FlowIndex::insert(uint64_t hash, uint32_t id) {
  const uint32_t print = fingerprint(hash);
  const uint32_t primary = first(hash);
  if (const uint32_t empty = buckets_[primary].match(0)) {
    buckets_[primary].set(static_cast<unsigned>(std::countr_zero(empty)), print, id, false);
    return true;
  }
  Place room{other(primary, print), 0};
  if (const uint32_t empty = buckets_[room.bucket].match(0))
    room.slot = static_cast<uint32_t>(std::countr_zero(empty));
  else if (!make_room(primary, room.bucket, room))
    return false;
  const bool displaced = room.bucket != primary;
  buckets_[room.bucket].set(room.slot, print, id, displaced);
  if (displaced) buckets_[primary].add_overflow();
  return true;
}

bool FlowIndex::make_room(uint32_t first, uint32_t second, Place& room) {
  std::array<Step, kMaxSteps> steps;
  steps[0] = {first, 0, 0};
  steps[1] = {second, 0, 0};
  uint32_t known = 2;
  for (uint32_t at = 0; at < known; ++at) {
    const FlowBucket& full = buckets_[steps[at].bucket];
    for (uint32_t slot = 0; slot < FlowBucket::kSlots; ++slot) {
      const uint32_t next = other(steps[at].bucket, full.fingerprint[slot]);
      if (const uint32_t empty = buckets_[next].match(0)) {
        const Place hole{next, static_cast<uint32_t>(std::countr_zero(empty))};
        const Place freed{steps[at].bucket, slot};
        move(freed, hole);
        room = move_chain(steps.data(), at, freed);
        return true;
      }
      if (known < kMaxSteps)
        steps[known++] = {next, static_cast<uint16_t>(at), static_cast<uint16_t>(slot)};
    }
  }
  return false;
}

/// Moves entries along the chain from step `last` back to the bucket it began with; returns the
/// place that is free there. A chain may come by a bucket twice: each move is between an entry's
/// own two buckets all the same, because a slot's new entry came from the bucket before it in the
/// chain.
FlowIndex::Place FlowIndex::move_chain(const Step* steps, uint32_t last, Place hole) {
  while (last > 1) {
    const Step& step = steps[last];
    const Place from{steps[step.parent].bucket, step.slot};
    move(from, hole);
    hole = from;
    last = step.parent;
  }
  return hole;
}

void FlowIndex::move(Place from, Place to) {
  FlowBucket& source = buckets_[from.bucket];
  FlowBucket& target = buckets_[to.bucket];
  const bool displaced = source.is_displaced(from.slot);
  target.set(to.slot, source.fingerprint[from.slot], source.id(from.slot), !displaced);
  source.clear(from.slot);
  if (displaced)
    target.remove_overflow();
  else
    source.add_overflow();
}

bool FlowIndex::erase_in(uint32_t number, uint32_t fingerprint, uint32_t id) {
  FlowBucket& bucket = buckets_[number];
  for (uint32_t mask = bucket.match(fingerprint); mask != 0; mask &= mask - 1) {
    const auto slot = static_cast<unsigned>(std::countr_zero(mask));
    if (bucket.id(slot) != id) continue;
    bucket.clear(slot);
    return true;
  }
  return false;
}

bool FlowIndex::erase(uint64_t hash, uint32_t id) {
  const uint32_t print = fingerprint(hash);
  const uint32_t primary = first(hash);
  if (erase_in(primary, print, id)) return true;
  if (!erase_in(other(primary, print), print, id)) return false;
  buckets_[primary].remove_overflow();
  return true;
}

uint32_t FlowIndex::find(uint64_t hash) const {
  const uint32_t print = fingerprint(hash);
  const uint32_t primary = first(hash);
  const FlowBucket* bucket = &buckets_[primary];
  uint32_t mask = bucket->match(print);
  if (mask == 0 && bucket->has_overflow()) {
    bucket = &buckets_[other(primary, print)];
    mask = bucket->match(print);
  }
  return mask == 0 ? kNone : bucket->id(static_cast<unsigned>(std::countr_zero(mask)));
}

}  // namespace lbd
