// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/ids.h"
#include "dataplane/verdict.h"

namespace lbd {

/// A word that one worker writes and the control side reads. No read-modify-write on the bus: with
/// one writer a plain add is enough, the atomic only keeps the compiler and the reader honest.
class Counter {
 public:
  void add(uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void sub(uint64_t n) { add(~n + 1); }
  void set(uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

/// Written by one worker, read by control. Drops, punts and hand-offs count at the port on which
/// the packet came in, forwarded and what failed in sending at the port by which it left.
struct PortCounters {
  std::array<Counter, kOriginCount> origins;
  std::array<Counter, kVerdictCount> verdicts;
};

struct alignas(64) WorkerCounters {
  std::array<PortCounters, kMaxPorts> ports;
  std::array<Counter, kEventCount> events;
  /// Packets that wait for a neighbour: a gauge.
  Counter held;
  /// Connections by fullnat with a local address of a port: gauges.
  std::array<Counter, kMaxPorts> local_ports_used;
  /// Connections in the table: a gauge.
  Counter connections;
  /// TSC cycles in loops that had work, and in all loops.
  Counter busy_cycles;
  Counter total_cycles;
  /// The snapshot generation that the worker saw last.
  Counter generation;
};

/// Per worker and real server. Written by one worker, read by control. `active` and `inactive` are
/// gauges (IPVS: active = ESTABLISHED, SYN_SENT, SYN_RECV, SYNACK; all else and UDP is inactive),
/// the rest only grows.
struct alignas(64) ServerCounters {
  Counter connections;
  Counter packets_in;
  Counter bytes_in;  // bytes of IP packets, headers included, as ipvsadm counts
  Counter packets_out;
  Counter bytes_out;
  Counter active;
  Counter inactive;
  /// The worker's alone: this worker's active and inactive are part of the exact counts.
  uint32_t exact_entered = 0;
  /// The worker's alone: where LocalPorts goes on.
  uint32_t local_cursor = 0;
};
static_assert(sizeof(ServerCounters) == 64);

/// An array that grows in chunks and never moves, so that a reader needs no lock: control calls
/// grow() before it publishes an id beyond the old size, publishing orders the two.
template <class T>
class GrowingArray {
 public:
  static constexpr uint32_t kChunk = 1024;
  static constexpr uint32_t kChunks = 1024;
  static constexpr uint32_t kMaxSize = kChunk * kChunks;

  /// Control only. Makes entries [0, size) usable; false beyond the maximum.
  bool grow(uint32_t size) {
    if (size > kMaxSize) return false;
    while (owned_.size() * kChunk < size) {
      owned_.push_back(std::make_unique<T[]>(kChunk));
      chunks_[owned_.size() - 1].store(owned_.back().get(), std::memory_order_release);
    }
    return true;
  }
  T& operator[](uint32_t index) {
    return chunks_[index / kChunk].load(std::memory_order_relaxed)[index % kChunk];
  }
  const T& operator[](uint32_t index) const {
    return chunks_[index / kChunk].load(std::memory_order_relaxed)[index % kChunk];
  }

 private:
  std::array<std::atomic<T*>, kChunks> chunks_{};
  std::vector<std::unique_ptr<T[]>> owned_;
};

}  // namespace lbd
