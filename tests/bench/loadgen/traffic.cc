// SPDX-License-Identifier: Apache-2.0
#include "traffic.h"

namespace lbd::loadgen {
namespace {

std::span<const uint8_t> bytes_of(const rte_mbuf* buffer) {
  return {rte_pktmbuf_mtod(buffer, const uint8_t*), rte_pktmbuf_data_len(buffer)};
}

}  // namespace

void Receiver::look(const rte_mbuf* buffer) {
  ++counts_.looked_at;
  switch (check_.look(bytes_of(buffer))) {
    case Returned::kToServer:
      break;
    case Returned::kToClient:
      ++counts_.to_clients;
      break;
    case Returned::kForeign:
      ++counts_.foreign;
      --counts_.received;
      break;
    case Returned::kBad:
      if (counts_.bad++ == 0) {
        const std::span<const uint8_t> frame = bytes_of(buffer);
        counts_.first_bad.assign(frame.begin(), frame.end());
      }
      --counts_.received;
      break;
  }
}

void Receiver::read_stamp(const rte_mbuf* buffer, uint64_t now) {
  const std::span<const uint8_t> frame = bytes_of(buffer);
  if (frame.size() < payload_offset_ + kStampSize) return;
  uint32_t magic = 0;
  uint64_t then = 0;
  std::memcpy(&magic, frame.data() + payload_offset_, sizeof magic);
  std::memcpy(&then, frame.data() + payload_offset_ + sizeof magic, sizeof then);
  if (magic == kStampMagic && then <= now) latency_.add(now - then);
}

uint32_t Receiver::drain() {
  std::array<rte_mbuf*, kBurst> buffers;
  uint32_t total = 0;
  for (unsigned round = 0; round < kBursts; ++round) {
    const uint16_t count = rte_eth_rx_burst(port_.id(), 0, buffers.data(), kBurst);
    if (count == 0) break;
    total += count;
    counts_.received += count;
    look(buffers[turn_++ % count]);
    if (stamps_) {
      const uint64_t now = rte_rdtsc();
      for (unsigned i = 0; i < count; ++i) read_stamp(buffers[i], now);
    }
    if (learner_ != nullptr) {
      for (unsigned i = 0; i < count; ++i) learner_->learn(bytes_of(buffers[i]));
    }
    rte_pktmbuf_free_bulk(buffers.data(), count);
    if (count < kBurst) break;
  }
  return total;
}

}  // namespace lbd::loadgen
