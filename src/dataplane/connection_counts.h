// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "dataplane/ids.h"

namespace lbd {

/// A server's connections over all workers: overloaded << 63 | active << 32 | inactive.
using LoadWord = uint64_t;

inline constexpr LoadWord kOverloaded = LoadWord{1} << 63;
inline constexpr LoadWord kOneActive = LoadWord{1} << 32;
inline constexpr LoadWord kOneInactive = 1;

constexpr uint32_t active_of(LoadWord word) {
  return static_cast<uint32_t>((word & ~kOverloaded) >> 32);
}
constexpr uint32_t inactive_of(LoadWord word) {
  return static_cast<uint32_t>(word);
}
constexpr uint64_t total_of(LoadWord word) {
  return uint64_t{active_of(word)} + inactive_of(word);
}
/// What lc and wlc compare (ip_vs_dest_conn_overhead() of IPVS).
constexpr uint64_t overhead_of(LoadWord word) {
  return uint64_t{active_of(word)} * 256 + inactive_of(word);
}

/// max_connections and min_connections of a real server.
struct Thresholds {
  uint32_t max = 0;  // 0: none
  uint32_t min = 0;  // 0: three quarters of max
  bool operator==(const Thresholds&) const = default;

  /// Whether an overloaded server with so many connections takes new ones again
  /// (ip_vs_unbind_dest() of IPVS).
  bool relieved(uint64_t connections) const {
    if (max == 0) return true;
    return min != 0 ? connections < min : connections * 4 < uint64_t{max} * 3;
  }
};

/// Exact counts over all workers (decision 6), by ServerId. Any worker changes a word, when a
/// connection opens, closes or changes class; any worker reads it.
///
/// Theory. Whoever looks for the least loaded of many servers must not read them all. So each
/// change also counts up a number that a block of kBlock servers shares; a reader remembers the
/// numbers and reads again only the words of blocks whose number has moved (ChangeWatch). The
/// number is raised after the word (release) and read before it (acquire). A relief is counted
/// last, so that whoever sees that number move finds the block's moved too.
class ConnectionCounts {
 public:
  static constexpr uint32_t kBlock = 16;

  explicit ConnectionCounts(uint32_t servers)
      : words_(std::make_unique<std::atomic<LoadWord>[]>(servers)),
        changes_(std::make_unique<std::atomic<uint64_t>[]>(servers / kBlock + 1)) {}

  LoadWord get(ServerId server) const { return words_[server].load(std::memory_order_relaxed); }
  /// How often a server that had been overloaded came to take connections again. As long as it
  /// stands still, who was overloaded still is: read it before the words (acquire).
  uint64_t reliefs() const { return reliefs_.load(std::memory_order_acquire); }
  /// How often a word of servers [block * kBlock, + kBlock) has changed, and of the blocks behind.
  const std::atomic<uint64_t>* changes_from(uint32_t block) const { return &changes_[block]; }
  /// A server's word, and those behind it.
  const std::atomic<LoadWord>* words_from(ServerId server) const { return &words_[server]; }

  /// `change`: kOneActive, kOneInactive, multiples, or their negatives. Clears the overload of a
  /// server that is relieved by it.
  void add(ServerId server, LoadWord change, const Thresholds& thresholds) {
    const LoadWord now = words_[server].fetch_add(change, std::memory_order_relaxed) + change;
    const bool relieved = (now & kOverloaded) != 0 && relieve(server, now, thresholds);
    changed(server);
    if (relieved) [[unlikely]]
      count_relief();
  }
  /// Counts one more, unless the server has its maximum. The one that reaches it marks the server.
  bool try_add(ServerId server, LoadWord one, const Thresholds& thresholds) {
    LoadWord word = words_[server].load(std::memory_order_relaxed);
    LoadWord next;
    do {
      if (word & kOverloaded) return false;
      if (total_of(word) >= thresholds.max) {
        judge(server, thresholds);
        return false;
      }
      next = word + one;
      if (total_of(next) >= thresholds.max) next |= kOverloaded;
    } while (!words_[server].compare_exchange_weak(word, next, std::memory_order_relaxed));
    changed(server);
    return true;
  }
  /// Marks or clears by thresholds that are new.
  void judge(ServerId server, const Thresholds& thresholds) {
    LoadWord word = words_[server].load(std::memory_order_relaxed);
    LoadWord next;
    do {
      next = word;
      if (thresholds.max != 0 && total_of(word) >= thresholds.max) next |= kOverloaded;
      if (thresholds.relieved(total_of(word))) next &= ~kOverloaded;
      if (next == word) return;
    } while (!words_[server].compare_exchange_weak(word, next, std::memory_order_relaxed));
    changed(server);
    if (word & ~next & kOverloaded) count_relief();
  }

 private:
  bool relieve(ServerId server, LoadWord word, const Thresholds& thresholds) {
    while ((word & kOverloaded) && thresholds.relieved(total_of(word)))
      if (words_[server].compare_exchange_weak(word, word & ~kOverloaded,
                                               std::memory_order_relaxed))
        return true;
    return false;
  }
  void count_relief() { reliefs_.fetch_add(1, std::memory_order_release); }
  void changed(ServerId server) {
    changes_[server / kBlock].fetch_add(1, std::memory_order_release);
  }

  std::unique_ptr<std::atomic<LoadWord>[]> words_;
  std::unique_ptr<std::atomic<uint64_t>[]> changes_;
  alignas(64) std::atomic<uint64_t> reliefs_{0};
};

}  // namespace lbd
