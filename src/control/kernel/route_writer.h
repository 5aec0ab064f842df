// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/result.h"
#include "control/config/model.h"
#include "control/kernel/netlink_message.h"
#include "control/kernel/netlink_socket.h"
#include "control/kernel/tap_links.h"

namespace lbd {

/// Puts the file's routes into the kernel's main table. They are known by their protocol number, so
/// what a killed run left behind is taken over or removed. Routes of another lbd, by its own TAPs,
/// are left alone.
class RouteWriter {
 public:
  /// Makes the routes of protocol kRouteProtocol equal to `wanted`, by (prefix, metric). Does all
  /// that can be done; the error names the rest.
  Status apply(netlink::RequestSocket& requests, const TapLinks& links,
               const std::vector<config::Route>& wanted,
               const std::vector<std::string>& port_names);

 private:
  bool is_own(const netlink::Route& route, const TapLinks& links) const;
  std::vector<netlink::Route> read_own(netlink::RequestSocket& requests, const TapLinks& links,
                                       int& error) const;

  /// What was put, by whatever interface the kernel chose: prefix and metric.
  std::set<std::pair<Prefix, uint32_t>> put_;
};

}  // namespace lbd
