// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/address.h"
#include "common/result.h"

// Kernel interfaces below af_xdp: and af_packet: ports, asked and set by ioctl: unlike /sys, that
// shows the network namespace of the process, whoever mounted /sys.
namespace lbd::interface {

/// 0: there is none of this name in this network namespace.
unsigned index(const std::string& name);
/// The names that there are, for messages: "eth0, eth1".
std::string names();

/// What of the interface's flags lbd changes and gives back.
struct Flags {
  bool up = false;
  bool promiscuous = false;
  bool all_multicast = false;
};
Flags flags(const std::string& name);
Status set_flags(const std::string& name, const Flags& flags);
/// Up, and with carrier.
bool has_link(const std::string& name);

std::optional<MacAddress> mac(const std::string& name);
/// 0 where it cannot be asked.
uint16_t mtu(const std::string& name);
Status set_mtu(const std::string& name, uint16_t mtu);

/// Receive queues as `ethtool -l` shows them.
struct Channels {
  unsigned combined = 0;
  unsigned rx = 0;
};
Channels channels(const std::string& name);

/// Generic receive offload: the kernel merges packets before packet sockets see them.
bool gro(const std::string& name);
Status set_gro(const std::string& name, bool on);

/// Where the device sits on its bus, "0000:03:00.0" for PCI; empty where it does not say.
std::string bus_info(const std::string& name);

/// The inode of this process's network namespace: with the name, what identifies an interface.
uint64_t network_namespace();

}  // namespace lbd::interface
