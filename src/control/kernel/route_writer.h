// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/result.h"
#include "control/config/model.h"
#include "control/kernel/netlink_message.h"
#include "control/kernel/netlink_socket.h"
#include "control/kernel/tap_links.h"

namespace lbd {

/// Puts the file's routes into the kernel's main table. They are known by their protocol number, so
/// what a killed run left behind is taken over or removed.
class RouteWriter {
 public:
  /// Makes the routes of protocol kRouteProtocol equal to `wanted`, by (prefix, metric). Does all
  /// that can be done; the error names the rest.
  Status apply(netlink::RequestSocket& requests, const TapLinks& links,
               const std::vector<config::Route>& wanted,
               const std::vector<std::string>& port_names);

 private:
  std::vector<netlink::Route> read_own(netlink::RequestSocket& requests, int& error) const;
};

}  // namespace lbd
