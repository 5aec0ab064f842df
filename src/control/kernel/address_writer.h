// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <vector>

#include "common/result.h"
#include "control/kernel/address_plan.h"
#include "control/kernel/netlink_socket.h"
#include "dataplane/ids.h"

namespace lbd {

/// Puts lbd's addresses on the TAPs and takes away those of its own that are no longer wanted.
class AddressWriter {
 public:
  /// Makes `port` (the interface `ifindex`) have `wanted`. What cannot be done is in the error, the
  /// rest is done; addresses that are there already are no error.
  Status apply(netlink::RequestSocket& requests, PortIndex port, int ifindex,
               const std::vector<PlannedAddress>& wanted);
  /// Puts again what is wanted: a TAP loses IPv6 addresses where somebody sets it down.
  Status apply_again(netlink::RequestSocket& requests, PortIndex port, int ifindex);

 private:
  struct Put {
    std::vector<PlannedAddress> wanted;
    std::vector<PlannedAddress> there;  // put by us
  };
  std::array<Put, kMaxPorts> ports_;
};

}  // namespace lbd
