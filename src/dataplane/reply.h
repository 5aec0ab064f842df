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
  /// TCP reset of a connection that was; not rate-limited: one for a segment of a known connection.
  void reset_connection(const Packet& packet);
  /// To the client of a TCP connection, from the virtual address: a segment that belongs to no
  /// window, which it answers with the numbers that it expects (RFC 9293 3.10.7.4). `in`: where it
  /// is counted.
  void probe(const FlowKey& key, PortIndex in);

 private:
  struct Message;
  bool allowed();
  void icmp_error(const Packet& packet, const Message& message);
  uint8_t* start_tcp(rte_mbuf*& mbuf, const IpAddress& from, const IpAddress& to);
  void send(rte_mbuf* mbuf, const Packet& packet);

  WorkerContext& context_;
  Transmitter& transmitter_;
  TokenBucket bucket_;
};

}  // namespace lbd
