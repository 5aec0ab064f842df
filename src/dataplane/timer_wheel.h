// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <utility>

#include "dataplane/connection.h"
#include "dataplane/tick.h"

// Time-outs of connections: a timing wheel (Varghese and Lauck, SOSP 1987) of one level.
//
// Theory. A slot is one tick; the wheel is 16,384 slots round (1048 s), and a slot is a list of the
// connections to look at in that tick. A packet only writes its connection's last-seen tick. When
// the wheel comes to a connection, the owner computes its true deadline: if that has not come yet,
// the connection is entered again there (lazy re-arming), so a busy connection costs one visit for
// each time-out's length. Deadlines beyond the horizon are entered at the horizon and found too
// early there, which is the same case. Only a deadline that becomes earlier needs a move.
//
// A slot has four lists, chosen by id and walked in turn: while one connection is looked at, the
// next of the other lists are on their way from memory, so a visit does not wait for the visit
// before it. A head's `previous` is the slot's own number with the top bit set; ids stay below
// that.
//
// Single-threaded: the owner's. No heap after construction.
namespace lbd {

/// `Entries` reaches the links: `Links& links(uint32_t id)` and `void prefetch(uint32_t id)`.
template <class Entries>
class TimerWheel {
 public:
  static constexpr uint32_t kSlots = 16'384;
  static constexpr uint32_t kLanes = 4;
  /// Most slots that one advance() goes over, empty ones included.
  static constexpr uint32_t kMaxSlotsPerCall = 1'024;
  /// A callback's "gone": its entry is not entered again.
  static constexpr Tick kExpired = 0xffffffffu;

  TimerWheel(Entries entries, Tick now);

  /// Enters an entry that is not in the wheel: advance() visits it when `deadline` has come, or
  /// earlier where that is beyond the horizon.
  void arm(uint32_t id, Tick deadline);
  /// Takes out an entry that is in the wheel.
  void disarm(uint32_t id);
  /// disarm() and arm().
  void move(uint32_t id, Tick deadline);

  /// Visits up to `budget` entries that are due at `now`. `callback(id)` is called with the entry
  /// taken out of the wheel and returns kExpired (it may have erased the connection) or the tick at
  /// which to visit it again. It may arm, disarm and move others. Returns how many were visited.
  template <class Callback>
  uint32_t advance(Tick now, uint32_t budget, Callback&& callback);

  /// How many ticks up to and including `now` have not been worked off: 0 when there is no backlog.
  uint32_t lag(Tick now) const { return tick_reached(now, current_) ? now - current_ + 1 : 0; }

 private:
  using Heads = std::array<uint32_t, kLanes>;
  static constexpr uint32_t kHeadFlag = 0x80000000u;

  void link(uint32_t id, uint32_t head);
  void unlink(uint32_t id);
  uint32_t& head(uint32_t index) { return slots_[index / kLanes][index % kLanes]; }
  uint32_t next_due();
  void prefetch_slot(Tick tick);

  Entries entries_;
  std::unique_ptr<Heads[]> slots_;
  Tick current_;       // the first tick that is not worked off
  uint32_t lane_ = 0;  // the list to take from next
};

template <class Entries>
TimerWheel<Entries>::TimerWheel(Entries entries, Tick now)
    : entries_(std::move(entries)), slots_(std::make_unique<Heads[]>(kSlots)), current_(now) {
  for (uint32_t slot = 0; slot < kSlots; ++slot) slots_[slot].fill(kNoConnection);
}

template <class Entries>
void TimerWheel<Entries>::arm(uint32_t id, Tick deadline) {
  if (!tick_reached(deadline, current_)) deadline = current_;
  if (deadline - current_ >= kSlots) deadline = current_ + kSlots - 1;
  link(id, deadline % kSlots * kLanes + id % kLanes);
}

template <class Entries>
void TimerWheel<Entries>::disarm(uint32_t id) {
  unlink(id);
}

template <class Entries>
void TimerWheel<Entries>::move(uint32_t id, Tick deadline) {
  unlink(id);
  arm(id, deadline);
}

template <class Entries>
void TimerWheel<Entries>::link(uint32_t id, uint32_t index) {
  uint32_t& first = head(index);
  entries_.links(id) = {first, kHeadFlag | index};
  if (first != kNoConnection) entries_.links(first).previous = id;
  first = id;
}

template <class Entries>
void TimerWheel<Entries>::unlink(uint32_t id) {
  const Links links = entries_.links(id);
  if (links.previous & kHeadFlag)
    head(links.previous & ~kHeadFlag) = links.next;
  else
    entries_.links(links.previous).next = links.next;
  if (links.next != kNoConnection) entries_.links(links.next).previous = links.previous;
}

/// The next entry of the current slot, lists in turn, or kNoConnection.
template <class Entries>
uint32_t TimerWheel<Entries>::next_due() {
  const Heads& heads = slots_[current_ % kSlots];
  for (uint32_t tries = 0; tries < kLanes; ++tries) {
    const uint32_t id = heads[lane_];
    lane_ = (lane_ + 1) % kLanes;
    if (id != kNoConnection) return id;
  }
  return kNoConnection;
}

template <class Entries>
void TimerWheel<Entries>::prefetch_slot(Tick tick) {
  for (const uint32_t id : slots_[tick % kSlots])
    if (id != kNoConnection) entries_.prefetch(id);
}

template <class Entries>
template <class Callback>
uint32_t TimerWheel<Entries>::advance(Tick now, uint32_t budget, Callback&& callback) {
  uint32_t visited = 0;
  uint32_t slots = 0;
  while (tick_reached(now, current_) && slots < kMaxSlotsPerCall) {
    const uint32_t id = next_due();
    if (id == kNoConnection) {
      prefetch_slot(++current_);
      ++slots;
      continue;
    }
    if (visited == budget) break;
    ++visited;
    const uint32_t after = entries_.links(id).next;
    if (after != kNoConnection) entries_.prefetch(after);
    unlink(id);
    const Tick deadline = callback(id);
    if (deadline != kExpired) arm(id, deadline);
  }
  return visited;
}

}  // namespace lbd
