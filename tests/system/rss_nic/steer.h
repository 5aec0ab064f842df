// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lbd::rss_nic {

/// Receive side scaling as network cards do it: the Toeplitz hash of a frame, and a redirection
/// table whose entries name the queues in turn. The hash is DPDK's and not lbd's own.
class Steer {
 public:
  /// `key`: 40 bytes, as an IPv6 packet with ports needs. Entry i of the table is i mod `queues`.
  Steer(std::vector<uint8_t> key, unsigned table_size, unsigned queues)
      : key_(std::move(key)), table_size_(table_size), queues_(queues) {}

  /// The queue of an Ethernet frame. TCP and UDP over IPv4 and IPv6: by addresses and ports; their
  /// fragments and other packets: by the addresses; anything else: queue 0.
  unsigned queue(std::span<const uint8_t> frame) const;

 private:
  std::vector<uint8_t> key_;
  unsigned table_size_;
  unsigned queues_;
};

/// Bytes of hexadecimal text; empty where it is none.
std::vector<uint8_t> bytes_of(const std::string& text);

}  // namespace lbd::rss_nic
