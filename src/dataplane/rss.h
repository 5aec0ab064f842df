// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "dataplane/ids.h"
#include "dataplane/owner.h"

struct rte_eth_dev_info;

// Receive side scaling by the owner function: the device is given our key and a redirection table
// that leads each flow to its owner's queue, and both are read back before they are believed.
namespace lbd {

/// Hash types that lbd asks for, cut down to what the device has.
uint64_t rss_types(const rte_eth_dev_info& info);

/// The key as a device of `size` key bytes takes it: cut, or continued with zeros. Only the first
/// 40 bytes have a say in the hash of addresses and ports.
std::vector<uint8_t> device_key(std::span<const uint8_t> key, unsigned size);

/// Why a device cannot spread by the owner function; empty where it can, as far as it says. `bus`:
/// the name of its bus; virtual devices promise what they do not keep (net_null takes key and table
/// and hashes nothing, net_af_packet takes any request and spreads by the kernel's own hash).
std::string rss_obstacle(const rte_eth_dev_info& info, const std::string& bus, const Owner& owner,
                         unsigned rx_queues);

/// The queue of `port` that each of the device's `size` table entries names.
std::vector<uint16_t> redirection_table(const Owner& owner, PortIndex port, unsigned size);
/// Whether a table of `size` entries, indexed by the hash's low bits, can hold the owner function.
bool table_fits(const Owner& owner, unsigned size);

/// Of a started device: sets the redirection table, reads it and the key back. The error says what
/// did not come back as it was given.
Status apply_rss(uint16_t ethdev, const rte_eth_dev_info& info, const Owner& owner, PortIndex port,
                 std::span<const uint8_t> key);

}  // namespace lbd
