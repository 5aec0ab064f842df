// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_mbuf.h>

#include "common/wire.h"
#include "dataplane/packet.h"

// What stages want of a packet that is not looked at for each one.
namespace lbd {

inline IpAddress destination_of(const FlowKey& key, Family family) {
  if (family == Family::kIpv6) return IpAddress::v6(&key.address[2]);
  const auto raw = static_cast<uint32_t>(key.address[0] >> 32);
  return IpAddress::v4(&raw);
}

inline IpAddress source_of(const FlowKey& key, Family family) {
  return family == Family::kIpv6 ? IpAddress::v6(&key.address[0]) : IpAddress::v4(&key.address[0]);
}

inline uint16_t source_port(const FlowKey& key) {
  return Be16::from_raw(static_cast<uint16_t>(key.ports_protocol)).host();
}

inline uint16_t destination_port(const FlowKey& key) {
  return Be16::from_raw(static_cast<uint16_t>(key.ports_protocol >> 16)).host();
}

inline uint8_t ttl_of(const Packet& packet) {
  const size_t offset =
      packet.family == Family::kIpv4 ? offsetof(wire::Ipv4, ttl) : offsetof(wire::Ipv6, hop_limit);
  return *rte_pktmbuf_mtod_offset(packet.mbuf, const uint8_t*, Packet::kL3 + offset);
}

/// mbuf->hash.usr of a packet that was handed on by the worker that it had been handed to; from
/// kRefused on plus Packet::refused_by.
inline constexpr uint32_t kHandedTwice = 2;
inline constexpr uint32_t kRefused = 16;

/// A segment with one of these may move a connection's state.
inline constexpr uint8_t kStateFlags = wire::kTcpSyn | wire::kTcpFin | wire::kTcpRst;

}  // namespace lbd
