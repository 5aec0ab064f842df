// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "frame.h"
#include "options.h"

namespace lbd::loadgen {

/// Numbers the flows from clients to the service: flow n is client n modulo `clients`, and the
/// port moves on when all clients had their turn.
class FlowPlan {
 public:
  explicit FlowPlan(const Options& options);

  /// Distinct for all n below clients * 64512.
  FlowRecord flow(uint64_t n, const FrameTemplate& frame) const {
    const auto client = static_cast<uint32_t>(n % clients_);
    const auto port = static_cast<uint16_t>(kFirstPort + (n / clients_) % kPorts);
    return frame.record(first_client_ + client, vip_, port, vip_port_);
  }

  /// The first `count` flows, in order or shuffled (always the same way).
  std::vector<FlowRecord> table(uint32_t count, bool shuffled, const FrameTemplate& frame) const;

 private:
  static constexpr uint32_t kFirstPort = 1024;
  static constexpr uint32_t kPorts = 65536 - kFirstPort;

  uint32_t first_client_;
  uint32_t vip_;
  uint32_t clients_;
  uint16_t vip_port_;
};

/// Of IPv6 addresses: the first 96 bits. Frames of one run differ in the last four bytes only.
bool same_begin(const IpAddress& a, const IpAddress& b);

/// The last four bytes, in host order.
uint32_t low_word(const IpAddress& address);

}  // namespace lbd::loadgen
