// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "vrrp/kernel_writer.h"

namespace lbd::vrrp {

/// Routes that come and go with a virtual router carry this rtm_protocol.
inline constexpr uint8_t kRouteProtocol = 202;

/// The rtnetlink(7) request for a change, acknowledged. IPv6 addresses without duplicate address
/// detection, and deprecated: they answer, but nothing is sent from them by itself.
std::vector<uint8_t> rtnetlink_request(const KernelChange& change, uint32_t sequence);

}  // namespace lbd::vrrp
