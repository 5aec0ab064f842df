// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "vrrp/config.h"

namespace lbd::vrrp {

/// When gratuitous ARPs and unsolicited neighbour advertisements are due: rounds of `repeat` for
/// each address, the second one after `delay`, then one of each every `refresh`. Bounded: who has
/// thousands of addresses announces a few of them each millisecond.
class Announcements {
 public:
  /// A round begins at `at`; a second one `delay` later.
  void begin(Time at, size_t addresses, const Announcing& config);
  /// No further ones.
  void stop() { *this = {}; }
  /// What is due at `now` is brought forward: the kernel has the addresses.
  void hurry(Time now);
  Time deadline() const;

  /// Calls `send(index)` for each address that is due, at most kAtOnce of them.
  template <class Send>
  void step(Time now, Send send) {
    prepare(now);
    for (size_t n = 0; n < kAtOnce && next_ <= now; ++n) {
      send(index_);
      advance(now);
    }
  }

  static constexpr size_t kAtOnce = 64;
  static constexpr Time kPause{1'000'000};  // between two such lots

 private:
  void prepare(Time now);
  void advance(Time now);
  void start_round(Time at, unsigned repeat);

  Announcing config_;
  size_t addresses_ = 0;
  size_t index_ = 0;
  size_t sent_ = 0;    // in this lot
  unsigned left_ = 0;  // passes over the addresses
  Time next_ = kNever;
  Time second_ = kNever;
  Time refresh_ = kNever;
};

}  // namespace lbd::vrrp
