// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "common/address.h"
#include "common/checksum.h"
#include "common/wire.h"

// Frames that differ in their flow only.
//
// All transmit buffers are filled with the template once. What a flow changes - in IPv4 the 14
// bytes from the header checksum to the ports, which lie side by side - is copied over it from a
// record of 16 bytes, so that a million flows are 16 MB read in order. The L4 checksum is the
// folded sum of what all frames share plus what the flow and the packet add: no pass over the
// frame.
namespace lbd::loadgen {

inline constexpr uint32_t kFrameCheckSize = 4;
inline constexpr uint32_t kMaxBurst = 256;
/// A time stamp at the start of the payload: magic, then the time stamp counter.
inline constexpr uint32_t kStampSize = 12;
inline constexpr uint32_t kStampMagic = 0x6c626473;

constexpr uint32_t headers_size(bool v4, bool tcp) {
  return sizeof(wire::Ethernet) + (v4 ? sizeof(wire::Ipv4) : sizeof(wire::Ipv6)) +
         (tcp ? sizeof(wire::Tcp) : sizeof(wire::Udp));
}

/// A flow as its frames carry it, all in network order. Addresses are the last four bytes.
struct [[gnu::packed]] FlowRecord {
  uint16_t ip_checksum;  // IPv4: final
  uint32_t source;
  uint32_t destination;
  uint16_t source_port;
  uint16_t destination_port;
  uint16_t l4_sum;  // folded sum of addresses and ports
};
static_assert(sizeof(FlowRecord) == 16);

/// What all frames of a run share. Lengths without the frame check sequence.
struct FrameSpec {
  MacAddress destination_mac;
  MacAddress source_mac;
  IpAddress source;       // of IPv6 the first 96 bits count
  IpAddress destination;  // likewise
  bool tcp = false;
  uint32_t length = 0;
};

class FrameTemplate {
 public:
  explicit FrameTemplate(const FrameSpec& spec);

  const std::vector<uint8_t>& bytes() const { return bytes_; }
  uint32_t length() const { return static_cast<uint32_t>(bytes_.size()); }
  uint32_t payload_offset() const { return payload_; }

  /// All arguments in host order.
  FlowRecord record(uint32_t source, uint32_t destination, uint16_t source_port,
                    uint16_t destination_port) const;

  /// Makes a copy of the template a frame of this flow. `payload_sum`: of what the payload holds
  /// beyond zeros.
  void stamp(uint8_t* frame, const FlowRecord& flow, uint8_t tcp_flags,
             uint32_t payload_sum) const {
    uint32_t sum = l4_sum_ + flow.l4_sum + payload_sum;
    uint8_t* l4 = frame + l4_;
    if (v4_) {
      std::memcpy(frame + kIpv4Patch, &flow, 14);
    } else {
      std::memcpy(frame + kIpv6Source, &flow.source, 4);
      std::memcpy(frame + kIpv6Destination, &flow.destination, 4);
      std::memcpy(l4, &flow.source_port, 4);
    }
    if (tcp_) {
      l4[kTcpFlags] = tcp_flags;
      sum += static_cast<uint32_t>(tcp_flags) << 8;  // the odd byte of its word, in memory order
    }
    uint16_t checksum = static_cast<uint16_t>(~checksum::fold(sum));
    if (!tcp_ && checksum == 0) checksum = 0xffff;  // RFC 768: zero means none
    std::memcpy(l4 + checksum_, &checksum, 2);
  }

 private:
  static constexpr unsigned kIpv4Patch = 24;
  static constexpr unsigned kIpv6Source = 34;
  static constexpr unsigned kIpv6Destination = 50;
  static constexpr unsigned kTcpFlags = 13;

  void write_ip(const FrameSpec& spec);
  void write_l4(const FrameSpec& spec);

  std::vector<uint8_t> bytes_;
  bool v4_;
  bool tcp_;
  uint32_t l4_;
  uint32_t payload_;
  uint32_t checksum_;  // offset of the L4 checksum in the L4 header
  uint32_t ip_sum_ = 0;
  uint32_t l4_sum_ = 0;
};

}  // namespace lbd::loadgen
