// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/address.h"
#include "common/result.h"

// PCI network cards and the kernel drivers that they are bound to, from /sys/bus/pci.
namespace lbd {

/// Done where DPDK can take the device: it is there, and bound to vfio-pci or the like, or its
/// driver shares it with DPDK (mlx5). Else the error says how to bind it.
Status check_pci(const std::string& address);

/// The PCI address of the kernel interface with this MAC address; empty where no card has it.
std::string find_pci_by_mac(const MacAddress& mac);

/// Network cards that are bound to a userspace driver.
std::vector<std::string> userspace_pci_devices();

}  // namespace lbd
