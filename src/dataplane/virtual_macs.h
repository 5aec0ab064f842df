// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>

#include "common/address.h"

namespace lbd {

/// The MAC address of a virtual router (RFC 9568 7.3): 00:00:5e:00:01:VRID, with IPv6
/// 00:00:5e:00:02:VRID.
constexpr MacAddress virtual_router_mac(Family family, uint8_t vrid) {
  return {{0x00, 0x00, 0x5e, 0x00, static_cast<uint8_t>(family == Family::kIpv4 ? 1 : 2), vrid}};
}

/// Which of these a port takes frames for, beside its own address: those of virtual routers whose
/// master this director is. The VRRP thread writes, workers read.
class VirtualMacs {
 public:
  std::atomic<uint8_t>& operator[](const MacAddress& mac) {
    return flags_[index(mac.bytes.data())];
  }
  /// `mac`: 6 bytes.
  bool takes(const uint8_t* mac) const {
    static constexpr std::array<uint8_t, 4> kPrefix{0x00, 0x00, 0x5e, 0x00};
    if (std::memcmp(mac, kPrefix.data(), kPrefix.size()) != 0 || (mac[4] != 1 && mac[4] != 2))
      return false;
    return flags_[index(mac)].load(std::memory_order_acquire) != 0;
  }

 private:
  static constexpr size_t index(const uint8_t* mac) { return (mac[4] - 1u) << 8 | mac[5]; }
  std::array<std::atomic<uint8_t>, 512> flags_{};
};

}  // namespace lbd
