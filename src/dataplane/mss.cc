// SPDX-License-Identifier: Apache-2.0
#include "dataplane/mss.h"

#include <rte_mbuf.h>

#include <algorithm>
#include <cstring>

#include "common/checksum.h"
#include "common/wire.h"
#include "dataplane/tcp_options.h"

namespace lbd {
namespace {

constexpr unsigned kMssLength = 4;

/// Two bytes at any place of the segment. Where they are in two words of the checksum's, their
/// bytes count the other way round.
void replace(wire::Tcp* tcp, unsigned offset, uint16_t value) {
  auto* at = reinterpret_cast<uint8_t*>(tcp) + offset;
  uint16_t before;
  std::memcpy(&before, at, 2);
  const uint16_t after = Be16(value).raw();
  std::memcpy(at, &after, 2);
  const bool odd = offset & 1;
  tcp->checksum =
      Be16::from_raw(checksum::update(tcp->checksum.raw(), odd ? __builtin_bswap16(before) : before,
                                      odd ? __builtin_bswap16(after) : after));
}

}  // namespace

void clamp_mss(const Packet& packet, uint16_t limit, unsigned less) {
  const unsigned at = find_tcp_option(packet, tcp_option::kMss);
  auto* tcp = rte_pktmbuf_mtod_offset(packet.mbuf, wire::Tcp*, packet.l4);
  const auto* bytes = reinterpret_cast<const uint8_t*>(tcp);
  if (at == 0 || bytes[at + 1] != kMssLength) return;
  const unsigned announced = bytes[at + 2] * 256u + bytes[at + 3];
  unsigned wanted = std::min<unsigned>(announced, limit);
  if (wanted > less) wanted -= less;
  if (wanted != announced) replace(tcp, at + 2, static_cast<uint16_t>(wanted));
}

}  // namespace lbd
