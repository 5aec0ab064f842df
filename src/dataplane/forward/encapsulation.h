// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <limits>

#include "common/address.h"
#include "dataplane/forward/method.h"
#include "dataplane/tick.h"

namespace lbd {

/// The longest IP packet that the way to a tunnel's end was said to take (RFC 1191, RFC 8201), for
/// as long as that is believed. Written by any worker that hears of it, read by all.
class PathMtu {
 public:
  /// RFC 1191 6.3: after ten minutes a longer one may be tried again.
  static constexpr Tick kBelieved = ticks_for_timeout(600'000);

  /// Bytes of outer packet; the greatest number where nothing is known.
  uint32_t get(Tick now) const {
    const uint64_t word = word_.load(std::memory_order_relaxed);
    if (word == 0 || tick_reached(now, static_cast<Tick>(word >> 32))) [[likely]]
      return std::numeric_limits<uint32_t>::max();
    return static_cast<uint32_t>(word);
  }
  void set(uint32_t mtu, Tick now) const {
    word_.store(uint64_t{now + kBelieved} << 32 | mtu, std::memory_order_relaxed);
  }

 private:
  mutable std::atomic<uint64_t> word_{0};
};

/// The tunnel to one real server: its outer headers, made once and put before each packet. All that
/// differs from packet to packet is zero in them: source, lengths, TOS, TTL, ID, flags, checksums,
/// flow label, UDP source port. Immutable but for the path's MTU; shared by all workers.
class Encapsulation {
 public:
  /// Where the room for the headers ends the inner IP packet begins; Ethernet's type is included.
  static constexpr unsigned kRoom = 72;
  using Room = std::array<uint8_t, kRoom>;

  /// `port`: gue's UDP destination port, host order.
  Encapsulation(TunnelType type, const IpAddress& destination, uint16_t port);

  TunnelType type() const { return type_; }
  const IpAddress& destination() const { return destination_; }
  Family family() const { return destination_.family(); }
  uint16_t port() const { return port_; }
  /// Bytes of outer headers: IPv4 20 (ipip), 24 (gre), 32 (gue); IPv6 20 more.
  unsigned overhead() const { return overhead_; }
  /// In front of a packet of family `inner`.
  const Room& room(Family inner) const { return inner == Family::kIpv4 ? before_v4_ : before_v6_; }

  /// Of the way to the server.
  PathMtu path_mtu;

 private:
  Room make_room(Family inner) const;

  TunnelType type_;
  uint16_t port_;
  IpAddress destination_;
  unsigned overhead_;
  Room before_v4_;
  Room before_v6_;
};

/// Spreads flows over source ports (gue) and flow labels. Not secret.
inline uint32_t tunnel_flow_hash(const uint64_t* address, uint64_t ports_protocol) {
  const uint64_t mixed = address[0] ^ (address[1] << 1) ^ (address[2] << 2) ^ (address[3] << 3) ^
                         (ports_protocol << 8);
  return static_cast<uint32_t>((mixed * 0x9e3779b97f4a7c15ull) >> 32);
}

}  // namespace lbd
