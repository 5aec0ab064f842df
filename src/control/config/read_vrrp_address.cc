// SPDX-License-Identifier: Apache-2.0
#include "control/config/rules.h"
#include "control/config/sections.h"
#include "control/config/vrrp_readers.h"

namespace lbd::config {
namespace {

std::optional<Prefix> read_virtual_prefix(const Value& value) {
  const auto text = value.text();
  if (!text) return std::nullopt;
  const auto prefix = Prefix::parse(*text, true);
  if (!prefix) {
    value.error(quote(*text) + " is not an address",
                "write it as 192.0.2.20, 192.0.2.20/24 or \"2001:db8::20\"");
    return std::nullopt;
  }
  std::string fault = host_address_fault(prefix->address);
  if (fault.empty() && prefix->length == 0) fault = "has the prefix length 0";
  if (fault.empty()) fault = host_in_network_fault(*prefix);
  if (fault.empty()) return prefix;
  value.error(prefix->to_string() + " " + fault, "name a host's address");
  return std::nullopt;
}

void read_virtual_address(const Value& item, VrrpInstanceDraft& draft) {
  VrrpAddress address;
  address.link = draft.instance.link;
  std::optional<Value> link_at = item;
  std::optional<Prefix> prefix;
  if (item.node().kind == Node::Kind::kMap) {
    MapReader map(item);
    const auto value = map.require("address", "write it as 192.0.2.20");
    if (value) prefix = read_virtual_prefix(*value);
    if (const auto link = read_vrrp_link(map, link_at)) address.link = *link;
    if (!link_at) link_at = item;
    address.advertise = map.boolean("advertise", true);
    map.finish();
  } else {
    prefix = read_virtual_prefix(item);
  }
  if (!prefix) return;
  address.prefix = *prefix;
  draft.instance.addresses.push_back(std::move(address));
  draft.addresses_at.push_back(item);
  draft.address_links_at.push_back(*link_at);
}

}  // namespace

std::optional<VrrpLink> read_vrrp_link(MapReader& map, std::optional<Value>& at) {
  const auto port = map.get("port");
  const auto interface = map.get("interface");
  at = port ? port : interface;
  if (port && interface) interface->error("beside port", "write port or interface, not both");
  if (!at) return std::nullopt;
  const auto name = at->text();
  if (!name) return std::nullopt;
  const std::string fault = interface_name_fault(*name);
  if (!port && !fault.empty()) at->error(quote(*name) + " " + fault, "name one of ip link");
  return VrrpLink{*name, port.has_value()};
}

void read_vrrp_addresses(MapReader& map, VrrpInstanceDraft& draft) {
  const auto list = map.require("virtual_addresses", "write [192.0.2.20]");
  if (!list) return;
  for (const Value& item : list->list()) read_virtual_address(item, draft);
}

void read_vrrp_routes(MapReader& map, VrrpInstanceDraft& draft) {
  const auto list = map.get("virtual_routes");
  if (!list) return;
  for (const Value& item : list->list()) {
    auto route = read_route(item);
    if (!route) continue;
    const Route& read = route->route;
    draft.instance.routes.push_back({read.to, read.via, read.port, read.source, read.metric});
    draft.routes.push_back(std::move(*route));
  }
}

}  // namespace lbd::config
