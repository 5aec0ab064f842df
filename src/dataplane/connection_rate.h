// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

namespace lbd {

/// services[].limits: new connections a second; 0: no limit.
struct RateLimits {
  uint32_t service = 0;
  uint32_t client = 0;
  bool operator==(const RateLimits&) const = default;
};

/// A token bucket for all workers in one word, exact by compare-and-swap: as deep as what one
/// second brings. The word is the time at which the bucket will be full again (the "theoretical
/// arrival time" of the generic cell rate algorithm, ITU-T I.371), in cycles of the time stamp
/// counter, which runs alike on all cores.
class SharedBucket {
 public:
  /// `rate`: tokens a second; `now`, `hz`: of the time stamp counter.
  bool take(uint64_t now, uint64_t rate, uint64_t hz);
  /// Nobody has taken anything for long: a new bucket is as good.
  bool is_full(uint64_t now) const;

 private:
  std::atomic<uint64_t> full_at_{0};
};

/// Buckets of clients that have opened connections lately, for all workers.
class ClientBuckets {
 public:
  /// `slots`: a power of two.
  explicit ClientBuckets(uint32_t slots) : slots_(slots) {}

  /// `client`: a hash of the client's address and the service. Where more clients are busy at once
  /// than there is room for, those without a bucket are not limited.
  bool take(uint64_t client, uint64_t now, uint64_t rate, uint64_t hz);

 private:
  struct Slot {
    std::atomic<uint64_t> client{0};
    SharedBucket bucket;
  };
  static constexpr uint32_t kWays = 8;
  std::vector<Slot> slots_;
};

}  // namespace lbd
