// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "common/wire.h"
#include "dataplane/connection.h"
#include "dataplane/ids.h"
#include "dataplane/verdict.h"

struct rte_mbuf;

namespace lbd {

/// What a packet is, after parsing.
enum class Kind : uint8_t {
  kFlow,      // TCP, UDP or SCTP with a key, whole or the first fragment of it; or an ICMP error
              // about one (`quote`)
  kFragment,  // another fragment of anything
  kDirected,  // IP to one address, but neither TCP nor UDP (ICMP, OSPF unicast, ESP ...)
  kPunt,      // for the kernel whatever the addresses say
  kPuntPriority,  // the same, before the rest: VRRP, ARP, neighbour discovery
  kDrop,          // `verdict` says why
};

/// Protocols whose connections have states and begin in a certain way.
constexpr bool has_states(uint8_t protocol) {
  return protocol == wire::kProtoTcp || protocol == wire::kProtoSctp;
}
constexpr bool has_ports(uint8_t protocol) {
  return has_states(protocol) || protocol == wire::kProtoUdp;
}

/// What is known of a packet. Lives for one pass through the pipeline.
struct Packet {
  rte_mbuf* mbuf = nullptr;
  uint32_t ip_length = 0;  // bytes, IP header included
  uint16_t l4 = 0;         // offset of the transport header in the frame
  PortIndex in = 0;
  Kind kind = Kind::kDrop;
  Verdict verdict = Verdict::kTruncated;
  Family family = Family::kIpv4;
  uint8_t protocol = 0;
  uint8_t tcp_flags = 0;  // of SCTP: those of TCP that mean what its first chunk does
  /// Of an ICMP error that quotes TCP or UDP: offsets of the quoted IP and transport headers, of
  /// which at least the ports are there. The key is then that of the quoted packet's answers, that
  /// is of the connection it is about. 0: no such thing.
  uint16_t quote = 0;
  uint16_t quote_l4 = 0;
  /// Handed in, and may be handed on once more (an ICMP error, see Pipeline::deliver_error).
  bool may_hand_off = false;
  /// A fragment, also the first one (kFlow). What follows is valid then.
  bool fragmented = false;
  bool more_fragments = false;
  uint16_t fragment_offset = 0;  // bytes
  uint16_t fragment_end = 0;     // bytes
  uint32_t fragment_id = 0;      // as it lies on the wire
  /// How many workers had no local port for it (fullnat).
  uint8_t refused_by = 0;
  /// The device vouches for the transport checksum.
  bool l4_checked = false;

  static constexpr uint16_t kL3 = 14;  // offset of the IP header: untagged Ethernet only
};

/// A burst on its way. The flows among its packets are packed together for the bulk look-up.
struct Burst {
  unsigned count = 0;
  std::array<Packet, kMaxBurst> packets;

  unsigned flows = 0;
  std::array<FlowKey, kMaxBurst> keys;
  std::array<uint64_t, kMaxBurst> hashes;
  std::array<uint32_t, kMaxBurst> connections;
  std::array<uint8_t, kMaxBurst> flow_packet;  // index into packets

  unsigned fragments = 0;  // to a service, that are not the first
  std::array<FlowKey, kMaxBurst> datagrams;
  std::array<uint8_t, kMaxBurst> fragment_packet;  // index into packets
};

}  // namespace lbd
