// SPDX-License-Identifier: Apache-2.0
#include "frame_check.h"

#include <algorithm>

#include "common/wire.h"
#include "flow_table.h"

namespace lbd::loadgen {
namespace {

bool one_of(const std::vector<MacAddress>& macs, const uint8_t* destination) {
  return macs.empty() || std::any_of(macs.begin(), macs.end(), [&](const MacAddress& mac) {
           return std::equal(mac.bytes.begin(), mac.bytes.end(), destination);
         });
}

}  // namespace

bool FrameCheck::is_service(const Parts& parts, unsigned side) const {
  return parts.address(side) == options_.vip && parts.port(side) == options_.vip_port;
}

bool FrameCheck::is_client(const IpAddress& address) const {
  return low_word(address) - low_word(options_.client) < options_.clients;
}

/// Of a packet to a server.
bool FrameCheck::right_addresses(const Parts& parts) const {
  if (!options_.sees_answers()) return is_service(parts, 1) && is_client(parts.address(0));
  return parts.address(1) != options_.vip &&
         is_client(parts.address(0)) == (options_.method == Method::kNat);
}

Returned FrameCheck::look(std::span<const uint8_t> frame) const {
  const bool v4 = options_.v4();
  if (frame.size() < sizeof(wire::Ethernet)) return Returned::kForeign;
  std::span<const uint8_t> packet = frame.subspan(sizeof(wire::Ethernet));
  bool whole = true;
  if (overhead() != 0) {
    packet = unwrap(packet, options_.method, v4, whole);
    if (packet.empty()) return Returned::kForeign;
    if (!whole) return Returned::kBad;
  }
  const uint8_t protocol = options_.tcp ? wire::kProtoTcp : wire::kProtoUdp;
  const uint32_t l4_least = options_.tcp ? sizeof(wire::Tcp) : sizeof(wire::Udp);
  const Parts parts = dissect(packet, v4, protocol, l4_least, whole);
  if (parts.ip == nullptr) return overhead() != 0 ? Returned::kBad : Returned::kForeign;
  if (!whole || !checksum_valid(parts, protocol)) return Returned::kBad;
  if (options_.sees_answers() && is_service(parts, 0))
    return is_client(parts.address(1)) && one_of(options_.client_macs, frame.data())
               ? Returned::kToClient
               : Returned::kBad;
  return right_addresses(parts) && one_of(options_.expected_macs, frame.data())
             ? Returned::kToServer
             : Returned::kBad;
}

}  // namespace lbd::loadgen
