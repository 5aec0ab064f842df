// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <unordered_map>

#include "control/config/checks.h"

namespace lbd::config {
namespace {

constexpr size_t kMaxPorts = 32;        // as many as DPDK has, and the data plane
constexpr uint16_t kMinIpv6Mtu = 1280;  // RFC 8200 5

bool is_kernel_interface(const Device& device) {
  return device.kind == DeviceKind::kAfXdp || device.kind == DeviceKind::kAfPacket;
}

/// The same for two ports that would take the same device, by whichever driver.
std::string device_key(const Device& device) {
  if (is_kernel_interface(device)) return "interface " + device.argument;
  return std::to_string(static_cast<int>(device.kind)) + " " + device.argument;
}

void check_names(const Draft& draft) {
  std::unordered_map<std::string, const Value*> names;
  for (const PortDraft& port : draft.ports) {
    if (port.port.name.empty()) continue;
    const auto [first, added] = names.emplace(port.port.name, &*port.name_at);
    if (!added)
      port.name_at->error(quote(port.port.name) + " is " + reference(*first->second) + " too",
                          "give each port a name of its own");
  }
}

void check_devices(const Draft& draft) {
  std::unordered_map<std::string, const Value*> devices;
  for (const PortDraft& port : draft.ports) {
    if (port.port.device.text.empty()) continue;
    const auto [first, added] = devices.emplace(device_key(port.port.device), &*port.device_at);
    if (!added)
      port.device_at->error(
          quote(port.port.device.text) + " is the device of " + reference(*first->second) + " too",
          "give each port a device of its own");
  }
  for (const PortDraft& port : draft.ports) {
    const auto device = devices.find("interface " + port.port.name);
    if (device == devices.end() || port.port.name.empty()) continue;
    port.name_at->error(
        quote(port.port.name) + " is the interface of " + reference(*device->second),
        "the port's TAP needs a name that no interface has");
  }
}

void check_addresses(const Draft& draft) {
  std::map<IpAddress, const Value*> addresses;
  for (const PortDraft& port : draft.ports) {
    for (size_t i = 0; i < port.port.addresses.size(); ++i) {
      const IpAddress& address = port.port.addresses[i].address;
      const auto [first, added] = addresses.emplace(address, &port.addresses_at[i]);
      if (!added)
        port.addresses_at[i].error(
            address.to_string() + " is " + reference(*first->second) + " too",
            "assign an address once");
    }
  }
  for (const PortDraft& port : draft.ports) {
    for (size_t i = 0; i < port.local_addresses.size(); ++i) {
      const auto found = addresses.lower_bound(port.local_addresses[i].first);
      if (found == addresses.end() || !port.local_addresses[i].contains(found->first)) continue;
      port.local_addresses_at[i].error(
          found->first.to_string() + " is " + reference(*found->second) + " too",
          "keep local_addresses apart from addresses");
    }
  }
}

/// Nobody else may have an address of a pool.
void check_pools(const Draft& draft) {
  std::map<IpAddress, const Value*> owners;
  for (const ServiceDraft& service : draft.services)
    for (size_t i = 0; i < service.service.listen.size(); ++i)
      owners.emplace(service.service.listen[i].address, &service.listen_at[i]);
  for (const PortDraft& port : draft.ports) {
    for (size_t i = 0; i < port.local_addresses.size(); ++i) {
      const AddressRange& range = port.local_addresses[i];
      const auto found = owners.lower_bound(range.first);
      if (found != owners.end() && range.contains(found->first))
        port.local_addresses_at[i].error(
            found->first.to_string() + " is " + reference(*found->second) + " too",
            "keep local_addresses for fullnat alone");
      // Ends are enough for the next ranges: two that overlap have an end of one in the other.
      owners.emplace(range.first, &port.local_addresses_at[i]);
      owners.emplace(range.last, &port.local_addresses_at[i]);
    }
  }
}

void check_mtu(const PortDraft& draft) {
  const auto& addresses = draft.port.addresses;
  const auto ipv6 = std::find_if(addresses.begin(), addresses.end(),
                                 [](const Prefix& prefix) { return !prefix.address.is_v4(); });
  if (ipv6 == addresses.end() || !draft.mtu_at || draft.port.mtu >= kMinIpv6Mtu) return;
  draft.mtu_at->error(std::to_string(draft.port.mtu) + " is below 1280, which IPv6 needs (" +
                          ipv6->to_string() + ")",
                      "use 1280..9600 or take the IPv6 addresses off the port");
}

}  // namespace

void check_ports(const Draft& draft) {
  if (draft.ports.size() > kMaxPorts)
    draft.ports[kMaxPorts].at.error(
        std::to_string(draft.ports.size()) + " ports are above " + std::to_string(kMaxPorts),
        "take some out");
  check_names(draft);
  check_devices(draft);
  check_addresses(draft);
  check_pools(draft);
  for (const PortDraft& port : draft.ports) check_mtu(port);
}

}  // namespace lbd::config
