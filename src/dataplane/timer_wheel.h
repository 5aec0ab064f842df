// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>

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
// A slot has four lists, chosen by id, walked in turn: while one connection is looked at, the next
// of the other lists are on their way from memory, so a visit does not wait for the visit before
// it. A head's `previous` is the slot's own number with the top bit set; ids stay below that.
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

  /// How many ticks the wheel lags behind `now`: 0 when there is no backlog.
  uint32_t lag(Tick now) const { return tick_reached(now, current_) ? now - current_ : 0; }

 private:
  using Heads = std::array<uint32_t, kLanes>;
  static constexpr uint32_t kHeadFlag = 0x80000000u;

  void link(uint32_t id, uint32_t head);
  void unlink(uint32_t id);
  uint32_t& head(uint32_t index) { return slots_[index / kLanes][index % kLanes]; }
  void prefetch_slot(Tick tick);

  Entries entries_;
  std::unique_ptr<Heads[]> slots_;
  Tick current_;       // the slot being emptied; everything before it is done
  uint32_t lane_ = 0;  // the list to take from next
};

}  // namespace lbd
