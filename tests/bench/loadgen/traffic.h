// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <array>
#include <vector>

#include "answer.h"
#include "frame_check.h"
#include "latency.h"
#include "port.h"

// The two hands of the generator, used in turn by one core: Sender and Receiver.
namespace lbd::loadgen {

/// How many frames may go now, so that the rate is kept. What a slow device refuses is not caught
/// up with later beyond kBacklog frames.
class Pacer {
 public:
  /// `rate` in frames a second, 0: no limit.
  Pacer(double rate, uint64_t now)
      : per_tick_(rate / static_cast<double>(rte_get_tsc_hz())), start_(now) {}

  uint32_t allowed(uint64_t now, uint32_t most) {
    if (per_tick_ == 0) return most;
    const auto due = static_cast<uint64_t>(static_cast<double>(now - start_) * per_tick_);
    if (due > sent_ + kBacklog) sent_ = due - kBacklog;
    return static_cast<uint32_t>(std::min<uint64_t>(most, due - std::min(due, sent_)));
  }
  void sent(uint32_t frames) { sent_ += frames; }

 private:
  static constexpr uint64_t kBacklog = 1024;

  double per_tick_;
  uint64_t start_;
  uint64_t sent_ = 0;
};

class Sender {
 public:
  Sender(const Port& port, const FrameTemplate& frame, uint32_t burst, bool stamps)
      : port_(port), frame_(frame), burst_(burst), stamps_(stamps) {}
  ~Sender() { rte_pktmbuf_free_bulk(waiting_.data() + first_, count_); }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  void set_flags(uint8_t tcp_flags) { tcp_flags_ = tcp_flags; }
  uint64_t sent() const { return sent_; }
  /// Frames that were built and not yet taken by the device.
  uint32_t waiting() const { return count_; }

  /// Sends up to `most` frames, of the flows that next() names one after the other. What the
  /// device refuses goes first the next time. Returns how many the device took.
  template <class NextFlow>
  uint32_t send(uint32_t most, uint64_t now, NextFlow&& next) {
    if (count_ == 0) build(std::min(most, burst_), now, next);
    const uint16_t taken =
        rte_eth_tx_burst(port_.id(), 0, waiting_.data() + first_, static_cast<uint16_t>(count_));
    first_ += taken;
    count_ -= taken;
    sent_ += taken;
    return taken;
  }

 private:
  template <class NextFlow>
  void build(uint32_t count, uint64_t now, NextFlow&& next) {
    first_ = 0;
    if (count == 0 || rte_pktmbuf_alloc_bulk(port_.transmit_pool(), waiting_.data(), count) != 0) {
      return;
    }
    const auto length = static_cast<uint16_t>(frame_.length());
    for (uint32_t i = 0; i < count; ++i) {
      rte_mbuf* buffer = waiting_[i];
      buffer->data_len = length;
      buffer->pkt_len = length;
      auto* frame = rte_pktmbuf_mtod(buffer, uint8_t*);
      const uint32_t payload_sum = stamps_ ? write_stamp(frame + frame_.payload_offset(), now) : 0;
      frame_.stamp(frame, next(), tcp_flags_, payload_sum);
    }
    count_ = count;
  }

  static uint32_t write_stamp(uint8_t* payload, uint64_t now) {
    uint16_t words[kStampSize / 2];
    std::memcpy(words, &kStampMagic, 4);
    std::memcpy(words + 2, &now, 8);
    std::memcpy(payload, words, sizeof words);
    uint32_t sum = 0;
    for (const uint16_t word : words) sum += word;
    return sum;
  }

  const Port& port_;
  const FrameTemplate& frame_;
  uint32_t burst_;
  bool stamps_;
  uint8_t tcp_flags_ = 0;
  uint32_t first_ = 0;
  uint32_t count_ = 0;
  uint64_t sent_ = 0;
  std::array<rte_mbuf*, kMaxBurst> waiting_{};
};

/// What came back since the last clear().
struct ReceiveCounts {
  uint64_t received = 0;  // good or not looked at
  uint64_t looked_at = 0;
  uint64_t foreign = 0;
  uint64_t bad = 0;
  uint64_t to_clients = 0;  // of those looked at
  std::vector<uint8_t> first_bad;
};

class Receiver {
 public:
  Receiver(const Port& port, FrameCheck check, bool stamps, uint32_t payload_offset)
      : port_(port),
        check_(check),
        stamps_(stamps),
        payload_offset_(payload_offset + check.overhead()) {}

  const ReceiveCounts& counts() const { return counts_; }
  LatencyHistogram& latency() { return latency_; }
  /// From now on frames go to `learner` as well; null: no longer.
  void set_learner(AnswerLearner* learner) { learner_ = learner; }

  /// Takes what is there, at most kBursts bursts, and looks at one frame of each.
  uint32_t drain();

 private:
  static constexpr unsigned kBurst = 64;
  static constexpr unsigned kBursts = 4;

  void look(const rte_mbuf* buffer);
  void read_stamp(const rte_mbuf* buffer, uint64_t now);

  const Port& port_;
  FrameCheck check_;
  bool stamps_;
  uint32_t payload_offset_;
  AnswerLearner* learner_ = nullptr;
  uint32_t turn_ = 0;  // whose turn it is in a burst to be looked at
  ReceiveCounts counts_;
  LatencyHistogram latency_;
};

}  // namespace lbd::loadgen
