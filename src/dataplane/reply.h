// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "dataplane/packet.h"
#include "dataplane/token_bucket.h"
#include "dataplane/transmitter.h"
#include "dataplane/worker_context.h"

namespace lbd {

/// What lbd itself says to senders of packets that it does not forward. Rate-limited together.
/// The packet must still be as it came; it stays the caller's.
class Replier {
 public:
  static constexpr uint64_t kPerSecond = 1000;  // on each worker

  Replier(WorkerContext& context, Transmitter& transmitter, uint64_t hz);

  /// ICMP time exceeded in transit (RFC 792; RFC 4443 3.3), from the port's address.
  void time_exceeded(const Packet& packet);
  /// ICMP fragmentation needed (RFC 1191 4) or packet too big (RFC 4443 3.2), from the port's
  /// address. `mtu` in bytes.
  void too_big(const Packet& packet, uint16_t mtu);
  /// ICMP host unreachable (RFC 792) or address unreachable (RFC 4443 3.1), from the port's
  /// address.
  void unreachable(const Packet& packet);
  /// No server: TCP reset (RFC 9293 3.10.7.1) or ICMP port unreachable, from the virtual address.
  void refuse(const Packet& packet);

 private:
  struct Message;
  bool allowed();
  void icmp_error(const Packet& packet, const Message& message);
  void reset(const Packet& packet);
  void send(rte_mbuf* mbuf, const Packet& packet);

  WorkerContext& context_;
  Transmitter& transmitter_;
  TokenBucket bucket_;
};

}  // namespace lbd
