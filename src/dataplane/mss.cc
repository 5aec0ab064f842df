// SPDX-License-Identifier: Apache-2.0
#include "dataplane/mss.h"

#include <rte_mbuf.h>

#include <cstring>

#include "common/checksum.h"
#include "common/wire.h"

namespace lbd {
namespace {

constexpr uint8_t kEnd = 0;
constexpr uint8_t kNoOperation = 1;
constexpr uint8_t kMss = 2;
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

void clamp_mss(const Packet& packet, uint16_t limit) {
  auto* tcp = rte_pktmbuf_mtod_offset(packet.mbuf, wire::Tcp*, packet.l4);
  const unsigned end = tcp->header_length();
  if (packet.l4 + end > packet.mbuf->data_len) return;
  const auto* bytes = reinterpret_cast<const uint8_t*>(tcp);
  for (unsigned at = sizeof(wire::Tcp); at < end;) {
    if (bytes[at] == kEnd) return;
    if (bytes[at] == kNoOperation) {
      ++at;
      continue;
    }
    if (at + 2 > end || bytes[at + 1] < 2 || at + bytes[at + 1] > end) return;
    if (bytes[at] == kMss && bytes[at + 1] == kMssLength) {
      const unsigned announced = bytes[at + 2] * 256u + bytes[at + 3];
      if (announced > limit) replace(tcp, at + 2, limit);
      return;
    }
    at += bytes[at + 1];
  }
}

}  // namespace lbd
