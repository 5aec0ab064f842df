// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "dataplane/ids.h"
#include "dataplane/publish.h"

namespace lbd {

/// Hands out slots of an array that workers read. A slot that is given back rests for a grace
/// period, and `rest` longer, before somebody else gets it.
class SlotPool {
 public:
  using Clock = std::chrono::steady_clock;

  SlotPool(Publisher& publisher, uint32_t capacity, Clock::duration rest)
      : publisher_(publisher), capacity_(capacity), rest_(rest), pool_(std::make_shared<Pool>()) {}

  /// A slot, or kNoId where all are taken or resting.
  uint32_t take(Clock::time_point now = Clock::now()) {
    auto& resting = pool_->resting;
    if (!resting.empty() && now - resting.front().since >= rest_) {
      const uint32_t slot = resting.front().slot;
      resting.pop_front();
      return slot;
    }
    return used_ < capacity_ ? used_++ : kNoId;
  }

  void give_back(uint32_t slot) {
    // The publisher may outlive the pool, or run this while the pool goes.
    publisher_.retire([pool = std::weak_ptr<Pool>(pool_), slot] {
      if (const auto alive = pool.lock()) alive->resting.push_back({slot, Clock::now()});
    });
  }

  /// Slots below this have been taken at least once.
  uint32_t used() const { return used_; }

 private:
  struct Resting {
    uint32_t slot;
    Clock::time_point since;
  };
  struct Pool {
    std::deque<Resting> resting;
  };

  Publisher& publisher_;
  const uint32_t capacity_;
  const Clock::duration rest_;
  uint32_t used_ = 0;
  std::shared_ptr<Pool> pool_;
};

}  // namespace lbd
