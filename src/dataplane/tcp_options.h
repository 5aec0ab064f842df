// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_mbuf.h>

#include <cstdint>

#include "common/wire.h"
#include "dataplane/packet.h"

namespace lbd {

namespace tcp_option {
inline constexpr uint8_t kEnd = 0;
inline constexpr uint8_t kNoOperation = 1;
inline constexpr uint8_t kMss = 2;        // RFC 9293 3.2
inline constexpr uint8_t kSack = 5;       // RFC 2018
inline constexpr uint8_t kFastOpen = 34;  // RFC 7413
inline constexpr uint8_t kToa = 254;
}  // namespace tcp_option

/// Where in the TCP header the first option of this kind begins; 0 where there is none, or the list
/// is broken before it. The option's length is checked to lie within the header.
inline unsigned find_tcp_option(const Packet& packet, uint8_t kind) {
  const auto* tcp = rte_pktmbuf_mtod_offset(packet.mbuf, const wire::Tcp*, packet.l4);
  const unsigned end = tcp->header_length();
  if (packet.l4 + end > packet.mbuf->data_len) return 0;
  const auto* bytes = reinterpret_cast<const uint8_t*>(tcp);
  for (unsigned at = sizeof(wire::Tcp); at < end;) {
    if (bytes[at] == tcp_option::kEnd) return 0;
    if (bytes[at] == tcp_option::kNoOperation) {
      ++at;
      continue;
    }
    if (at + 2 > end || bytes[at + 1] < 2 || at + bytes[at + 1] > end) return 0;
    if (bytes[at] == kind) return at;
    at += bytes[at + 1];
  }
  return 0;
}

}  // namespace lbd
