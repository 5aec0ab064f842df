// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <vector>

#include "common/address.h"
#include "control/config/model.h"

namespace lbd {

/// An address that lbd puts on a TAP.
struct PlannedAddress {
  Prefix prefix;
  /// An address that a service listens on, or of local_addresses: held as a host prefix, so that
  /// the kernel answers ARP, neighbour discovery and ping for it, and never chosen as a source by
  /// itself (IPv6).
  bool service = false;
  auto operator<=>(const PlannedAddress&) const = default;
};

/// Which addresses belong on which TAP, by index into config.ports: those that the file gives the
/// port, in its order, its local_addresses, then the services' addresses: each once, on the port in
/// whose network it lies (longest prefix), else on the first port. An address that is a port's own
/// is not repeated. Those in `others` are left out: VRRP instances give and take them.
std::vector<std::vector<PlannedAddress>> plan_addresses(const config::Config& config,
                                                        const std::set<IpAddress>& others = {});

}  // namespace lbd
