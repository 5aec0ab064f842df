// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "common/address.h"

// What names and addresses must be like, whichever section they stand in. Each returns the cause
// as a clause ("is a multicast address"), empty where nothing is wrong.
namespace lbd::config {

/// Linux: 1 to 15 bytes, no blank, '/', ':' or '%', not "." or ".."; and none of the names that
/// sysctl takes for itself (all, default) nor lo.
std::string interface_name_fault(std::string_view name);

/// An address that no host can have: unspecified, this network (0/8), loopback, multicast,
/// broadcast, IPv4-mapped (RFC 6890).
std::string host_address_fault(const IpAddress& address);

/// An address that no host in its network can have: the network's own and its broadcast address
/// (IPv4, prefixes up to 30: RFC 919, RFC 3021).
std::string host_in_network_fault(const Prefix& prefix);

}  // namespace lbd::config
