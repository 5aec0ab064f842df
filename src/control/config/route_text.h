// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace lbd::config {

/// A Route or a VrrpRoute as difference() names it: "10.0.0.0/8 via 192.0.2.1 metric 5".
template <class AnyRoute>
std::string route_text(const AnyRoute& route) {
  std::string out = route.to.to_string();
  if (route.via) out += " via " + route.via->to_string();
  if (!route.port.empty()) out += " port " + route.port;
  if (route.source) out += " source " + route.source->to_string();
  if (route.metric != 0) out += " metric " + std::to_string(route.metric);
  return out;
}

}  // namespace lbd::config
