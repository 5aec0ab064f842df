// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"
#include "dataplane/interface.h"
#include "dataplane/interface_netlink.h"

namespace lbd {

/// What an interface was like before lbd had it; enough to undo all that lbd does to it.
struct InterfaceState {
  std::string name;
  uint64_t network_namespace = 0;
  unsigned index = 0;
  interface::Flags flags;
  uint16_t mtu = 0;
  bool gro = false;
  std::string disable_ipv6;  // the sysctl's text; empty where the kernel has no IPv6
  interface::Addressing addressing;
};

/// Identifies an interface over all network namespaces; in file names.
std::string interface_key(const std::string& name, uint64_t network_namespace);

Result<InterfaceState> read_present_state(const std::string& name);
/// Puts everything back. Goes on after an error and returns the first one.
Status apply_state(const InterfaceState& state);

/// The file: one JSON object, netlink messages in hex.
std::string encode_state(const InterfaceState& state);
Result<InterfaceState> decode_state(const std::string& text);
std::string state_path(const std::string& key);
/// Written whole or not at all, and on its way to disk before this returns.
Status save_state(const InterfaceState& state);

/// disable_ipv6 of one interface; empty where there is none.
std::string read_disable_ipv6(const std::string& name);
bool write_disable_ipv6(const std::string& name, const std::string& value);

}  // namespace lbd
