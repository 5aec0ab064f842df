// SPDX-License-Identifier: Apache-2.0
#include "control/config/networks.h"

namespace lbd::config {

void Networks::add(const Prefix& prefix) {
  by_length_[prefix.length].insert(prefix.network().address);
}

std::optional<Prefix> Networks::find(const IpAddress& address) const {
  for (const auto& [length, networks] : by_length_) {
    if (length > address.bits()) continue;
    const Prefix network = Prefix{address, length}.network();
    if (networks.contains(network.address)) return network;
  }
  return std::nullopt;
}

}  // namespace lbd::config
