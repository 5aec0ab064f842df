// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <bit>

#include "control/config/map_reader.h"
#include "control/config/rules.h"
#include "control/config/sections.h"

namespace lbd::config {
namespace {

constexpr int64_t kMaxQueues = 64;
constexpr size_t kMaxLocalAddresses = 1024;

void read_name(MapReader& map, PortDraft& draft) {
  const auto value = map.require("name", "name the port, as wan0");
  const auto name = value ? value->text() : std::nullopt;
  if (!name) return;
  draft.name_at = value;
  draft.port.name = *name;
  const std::string fault = interface_name_fault(*name);
  if (!fault.empty())
    value->error(quote(*name) + " " + fault,
                 "use up to 15 letters, digits and . _ - : it is a TAP's name");
}

/// "192.0.2.11/24", of a host.
std::optional<Prefix> read_interface_address(const Value& value) {
  const auto text = value.text();
  if (!text) return std::nullopt;
  const auto prefix = Prefix::parse(*text);
  if (!prefix) {
    const bool bare = IpAddress::parse(*text).has_value();
    value.error(quote(*text) + (bare ? " has no prefix length" : " is not an address with prefix"),
                "write it as 192.0.2.11/24 or \"2001:db8::11/64\"");
    return std::nullopt;
  }
  std::string fault = host_address_fault(prefix->address);
  if (fault.empty() && prefix->length == 0) fault = "has the prefix length 0";
  if (fault.empty()) fault = host_in_network_fault(*prefix);
  if (!fault.empty())
    value.error(prefix->to_string() + " " + fault, "give the port a host's address");
  return fault.empty() ? prefix : std::nullopt;
}

void read_addresses(MapReader& map, PortDraft& draft) {
  const auto value = map.get("addresses");
  if (!value) return;
  for (const Value& item : value->list()) {
    if (const auto prefix = read_interface_address(item)) {
      draft.port.addresses.push_back(*prefix);
      draft.addresses_at.push_back(item);
    } else {
      draft.addresses_complete = false;
    }
  }
}

/// "192.0.2.100" or "192.0.2.100-192.0.2.103".
std::optional<AddressRange> read_range(const Value& value) {
  const auto text = value.text();
  if (!text) return std::nullopt;
  const size_t dash = text->find('-');
  const auto first = IpAddress::parse(text->substr(0, dash));
  const auto last = dash == std::string::npos ? first : IpAddress::parse(text->substr(dash + 1));
  if (first && last && first->family() == last->family() && *first <= *last)
    return AddressRange{*first, *last};
  value.error(quote(*text) + " is not a range of addresses", "write it as 192.0.2.100-192.0.2.103");
  return std::nullopt;
}

/// The address after this one.
IpAddress next_address(const IpAddress& address) {
  std::array<uint8_t, 16> bytes = address.bytes();
  for (unsigned i = address.size(); i > 0 && ++bytes[i - 1] == 0; --i) {
  }
  return address.is_v4() ? IpAddress::v4(bytes.data()) : IpAddress::v6(bytes.data());
}

/// Adds a range's addresses to the pool; each must be one that a host may have.
void expand(const AddressRange& range, const Value& at, Port& port) {
  for (IpAddress address = range.first;; address = next_address(address)) {
    std::string fault = host_address_fault(address);
    if (fault.empty() && address.is_link_local()) fault = "is a link-local address";
    if (!fault.empty())
      return at.error(address.to_string() + " " + fault, "name addresses of a port's network");
    if (port.local_addresses.size() == kMaxLocalAddresses)
      return at.error("more than " + std::to_string(kMaxLocalAddresses) + " addresses",
                      "give a port fewer: each is good for 64,512 connections to each server");
    port.local_addresses.push_back(address);
    if (address == range.last) return;
  }
}

void read_local_addresses(MapReader& map, PortDraft& draft) {
  const auto value = map.get("local_addresses");
  if (!value) return;
  for (const Value& item : value->list()) {
    if (const auto range = read_range(item)) {
      draft.local_addresses.push_back(*range);
      draft.local_addresses_at.push_back(item);
      expand(*range, item, draft.port);
    }
  }
}

uint16_t read_descriptors(MapReader& map, std::string_view key, uint16_t fallback) {
  const auto value = map.get(key);
  const auto number = value ? value->number(64, 4096) : std::nullopt;
  if (!number) return fallback;
  if (!std::has_single_bit(static_cast<uint64_t>(*number)))
    value->error(std::to_string(*number) + " is no power of two",
                 "use 64, 128, 256, 512, 1024, 2048 or 4096");
  return static_cast<uint16_t>(*number);
}

}  // namespace

PortDraft read_port(const Value& item) {
  PortDraft draft(item);
  MapReader map(item);
  Port& port = draft.port;
  read_name(map, draft);
  draft.device_at = map.require("device", "write a PCI address, af_xdp:eth1, af_packet:eth1, ...");
  if (draft.device_at) port.device = read_device(*draft.device_at).value_or(Device{});
  read_addresses(map, draft);
  draft.mtu_at = map.get("mtu");
  if (draft.mtu_at) port.mtu = static_cast<uint16_t>(draft.mtu_at->number(68, 9600).value_or(1500));
  if (const auto queues = map.get("queues"); queues && !queues->says("auto"))
    port.queues = static_cast<unsigned>(queues->number(1, kMaxQueues).value_or(0));
  port.rx_descriptors = read_descriptors(map, "rx_descriptors", port.rx_descriptors);
  port.tx_descriptors = read_descriptors(map, "tx_descriptors", port.tx_descriptors);
  port.promiscuous = map.boolean("promiscuous", port.promiscuous);
  read_local_addresses(map, draft);
  map.finish();
  return draft;
}

}  // namespace lbd::config
