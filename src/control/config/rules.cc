// SPDX-License-Identifier: Apache-2.0
#include "control/config/rules.h"

#include <algorithm>
#include <array>

namespace lbd::config {
namespace {

constexpr size_t kMaxInterfaceName = 15;  // IFNAMSIZ without its NUL

bool is_ipv4_mapped(const IpAddress& address) {
  static const Prefix kMapped = *Prefix::parse("::ffff:0:0/96");
  return kMapped.contains(address);
}

}  // namespace

std::string interface_name_fault(std::string_view name) {
  static constexpr std::array<std::string_view, 5> kTaken{".", "..", "all", "default", "lo"};
  if (name.size() > kMaxInterfaceName) return "is longer than 15 characters";
  if (std::find(kTaken.begin(), kTaken.end(), name) != kTaken.end())
    return "is a name that the kernel keeps for itself";
  const auto bad = [](char c) {
    return c <= 0x20 || c >= 0x7f || c == '/' || c == ':' || c == '%' || c == '\\';
  };
  if (name.empty() || std::any_of(name.begin(), name.end(), bad))
    return "is no name for a network interface";
  return {};
}

std::string host_address_fault(const IpAddress& address) {
  if (address.is_unspecified()) return "is the unspecified address";
  if (address.is_v4() && address.data()[0] == 0) return "is in 0.0.0.0/8, which no host has";
  if (address.is_loopback()) return "is a loopback address";
  if (address.is_multicast()) return "is a multicast address";
  if (address.is_limited_broadcast()) return "is the broadcast address";
  if (is_ipv4_mapped(address)) return "is an IPv4-mapped address";
  return {};
}

std::string host_in_network_fault(const Prefix& prefix) {
  if (!prefix.address.is_v4() || prefix.length > 30) return {};
  const uint32_t mask = prefix.length == 0 ? 0 : ~uint32_t{0} << (32 - prefix.length);
  const uint32_t host = prefix.address.v4_host() & ~mask;
  if (host == 0) return "is the address of the network " + prefix.network().to_string();
  if (host == ~mask) return "is the broadcast address of " + prefix.network().to_string();
  return {};
}

}  // namespace lbd::config
