// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "control/config/map_reader.h"
#include "control/config/rules.h"
#include "control/config/sections.h"

namespace lbd::config {
namespace {

/// `hint`: the family of "default", as the route's other addresses have it.
std::optional<Prefix> read_destination(const Value& value, Family hint) {
  const auto text = value.text();
  if (!text) return std::nullopt;
  if (*text == "default") return Prefix::parse(hint == Family::kIpv4 ? "0.0.0.0/0" : "::/0");
  const auto prefix = Prefix::parse(*text, true);
  if (!prefix) {
    value.error(quote(*text) + " is not a destination",
                "write default, 10.8.0.0/16 or \"2001:db8::/32\"");
    return std::nullopt;
  }
  if (prefix->network() != *prefix) {
    value.error(prefix->to_string() + " has bits set beyond its prefix length",
                "write " + prefix->network().to_string());
    return std::nullopt;
  }
  const bool any = prefix->length == 0;
  if (!any && (prefix->address.is_multicast() || prefix->address.is_loopback())) {
    value.error(prefix->to_string() + " " + host_address_fault(prefix->address),
                "route unicast destinations only");
    return std::nullopt;
  }
  return prefix;
}

std::optional<IpAddress> read_host(const std::optional<Value>& value) {
  const auto address = value ? read_address(*value) : std::nullopt;
  if (!address) return std::nullopt;
  const std::string fault = host_address_fault(*address);
  if (fault.empty()) return address;
  value->error(address->to_string() + " " + fault, "name a host");
  return std::nullopt;
}

/// An address of the route that is not of its destination's family.
void check_family(const Route& route, const std::optional<Value>& at,
                  const std::optional<IpAddress>& address) {
  if (address && address->family() != route.to.address.family())
    at->error(address->to_string() + " is not of the family of " + route.to.to_string(),
              "use addresses of one family in a route");
}

}  // namespace

std::optional<IpAddress> read_address(const Value& value) {
  const auto text = value.text();
  if (!text) return std::nullopt;
  const auto address = IpAddress::parse(*text);
  if (!address)
    value.error(quote(*text) + " is not an address", "write it as 192.0.2.1 or \"2001:db8::1\"");
  return address;
}

std::optional<RouteDraft> read_route(const Value& item) {
  RouteDraft draft(item);
  Route& route = draft.route;
  MapReader map(item);
  const auto to = map.require("to", "write default or a prefix");
  draft.via_at = map.get("via");
  draft.port_at = map.get("port");
  draft.source_at = map.get("source");
  route.via = read_host(draft.via_at);
  route.source = read_host(draft.source_at);
  if (draft.port_at) route.port = draft.port_at->text().value_or("");
  route.metric = static_cast<uint32_t>(
      map.number("metric", 0, std::numeric_limits<uint32_t>::max(), route.metric));
  map.finish();
  if (item.node().kind != Node::Kind::kMap) return std::nullopt;
  if (!draft.via_at && !draft.port_at) item.error("leads nowhere", "give it via, port or both");
  const auto& hint = route.via ? route.via : route.source;
  const auto prefix =
      to ? read_destination(*to, hint ? hint->family() : Family::kIpv4) : std::nullopt;
  if (!prefix) return std::nullopt;
  route.to = *prefix;
  check_family(route, draft.via_at, route.via);
  check_family(route, draft.source_at, route.source);
  return draft;
}

}  // namespace lbd::config
