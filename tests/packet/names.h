// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "dataplane/ids.h"

namespace lbd::test {

/// Names to ids that stay for a test's life, as identities do in lbd: first come, first numbered.
/// Servers ("web/s1"), gateways ("via gw") and neighbours ("at 192.0.2.9") have next hops of their
/// own; a server's has the server's id.
class Names {
 public:
  ServiceId service(const std::string& name) { return number(services_, name); }
  ServerId server(const std::string& service, const std::string& name) {
    return number(next_hops_, service + "/" + name);
  }
  NextHopId gateway(const std::string& name) { return number(next_hops_, "via " + name); }
  NextHopId neighbour(const std::string& address) { return number(next_hops_, "at " + address); }

  uint32_t servers_end() const { return static_cast<uint32_t>(next_hops_.size()); }
  uint32_t services_end() const { return static_cast<uint32_t>(services_.size()); }
  /// kNoId where nobody has the name ("web/s1").
  ServerId find_server(const std::string& name) const {
    const auto found = next_hops_.find(name);
    return found == next_hops_.end() ? kNoId : found->second;
  }
  std::string server_name(ServerId id) const {
    for (const auto& [name, number] : next_hops_)
      if (number == id) return name;
    return "?";
  }

 private:
  using Map = std::map<std::string, uint32_t>;
  static uint32_t number(Map& map, const std::string& name) {
    return map.try_emplace(name, static_cast<uint32_t>(map.size())).first->second;
  }
  Map services_;
  Map next_hops_;
};

}  // namespace lbd::test
