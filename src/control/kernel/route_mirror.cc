// SPDX-License-Identifier: Apache-2.0
#include "control/kernel/route_mirror.h"

#include <linux/rtnetlink.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "common/log.h"

namespace lbd {
namespace {

constexpr uint32_t kEntryCapacity = 1u << 16;

/// Every interface has these for itself (RFC 4291 2.5.6): no way to an address follows from them.
bool is_ambiguous(const Prefix& prefix) {
  return prefix.address.is_link_local() || prefix.address.is_multicast();
}

bool same_hop(const RouteRow::Hop& a, const RouteRow::Hop& b) {
  return a.port == b.port && a.gateway == b.gateway;
}

std::string protocol_name(uint8_t protocol) {
  switch (protocol) {
    case RTPROT_REDIRECT:
      return "redirect";
    case RTPROT_KERNEL:
      return "kernel";
    case RTPROT_BOOT:
      return "boot";
    case RTPROT_STATIC:
      return "static";
    case RTPROT_RA:
      return "ra";
    case RTPROT_ZEBRA:
      return "zebra";
    case RTPROT_BIRD:
      return "bird";
    case RTPROT_DHCP:
      return "dhcp";
    case RTPROT_BGP:
      return "bgp";
    case RTPROT_ISIS:
      return "isis";
    case RTPROT_OSPF:
      return "ospf";
    case RTPROT_RIP:
      return "rip";
    case kRouteProtocol:
      return "lbd";
    default:
      return std::to_string(protocol);
  }
}

}  // namespace

bool RouteMirror::Known::operator==(const Known& other) const {
  return metric == other.metric && protocol == other.protocol &&
         std::ranges::equal(hops, other.hops, same_hop);
}

RouteMirror::RouteMirror(Routing& routing, Publisher& publisher, NeighbourMirror& neighbours,
                         const TapLinks& links)
    : routing_(routing),
      publisher_(publisher),
      neighbours_(neighbours),
      links_(links),
      slots_(publisher, kEntryCapacity, SlotPool::Clock::duration::zero()) {}

RouteMirror::~RouteMirror() = default;

Lpm& RouteMirror::lpm(Family family) {
  return family == Family::kIpv4 ? routing_.ipv4 : routing_.ipv6;
}

void RouteMirror::begin_dump() {
  dumping_ = true;
  dumped_.clear();
}

void RouteMirror::end_dump() {
  dumping_ = false;
  need_dump_ = false;
  const Table old = std::exchange(table_, std::exchange(dumped_, {}));
  for (const auto& [prefix, candidates] : table_) install(prefix, &candidates);
  for (const auto& [prefix, candidates] : old) {
    if (!table_.contains(prefix)) install(prefix, nullptr);
  }
  settle_changes();
}

std::optional<RouteMirror::Known> RouteMirror::known_from(const netlink::Route& event) const {
  Known route{event.metric, event.protocol, {}};
  for (const netlink::RouteHop& hop : event.hops) {
    if (const auto port = links_.port(hop.ifindex)) route.hops.push_back({*port, hop.gateway});
  }
  if (!event.refuses && route.hops.empty()) return std::nullopt;
  if (route.hops.size() > RouteEntry::kMaxHops) route.hops.resize(RouteEntry::kMaxHops);
  return route;
}

void RouteMirror::apply(const netlink::Route& event) {
  if (is_ambiguous(event.prefix)) return;
  const auto route = known_from(event);
  Table& table = dumping_ ? dumped_ : table_;
  const auto found = table.find(event.prefix);
  // Nothing of ours, unless it took the place of a route of ours.
  if (!route && (found == table.end() || !event.replaces)) return;
  if (!route) {
    need_dump_ = true;
    return;
  }
  Candidates& candidates = table[event.prefix];
  if (event.removed) {
    remove(candidates, *route);
  } else {
    add(candidates, *route, event);
  }
  const bool empty = candidates.empty();
  if (!dumping_) {
    install(event.prefix, empty ? nullptr : &candidates);
    settle_changes();
  }
  if (empty) table.erase(event.prefix);
}

void RouteMirror::add(Candidates& candidates, Known route, const netlink::Route& event) {
  // Two bounds, for clang 14 cannot read the subrange of equal_range in GCC 12's library.
  auto first = std::ranges::lower_bound(candidates, route.metric, {}, &Known::metric);
  auto last = std::ranges::upper_bound(candidates, route.metric, {}, &Known::metric);
  if (dumping_ || first == last) {
    candidates.insert(last, std::move(route));
    return;
  }
  if (std::find(first, last, route) != last) return;  // an event that is older than the dump
  const bool ipv6 = !event.prefix.address.is_v4();
  if (last - first > 1 || (!event.replaces && !event.appends) || (ipv6 && !event.replaces)) {
    need_dump_ = true;
  }
  // An IPv6 event names all next hops of its rank, the old ones too; an IPv4 one stands for itself.
  if (event.replaces || ipv6) {
    *first = std::move(route);
  } else {
    candidates.insert(last, std::move(route));
  }
}

void RouteMirror::remove(Candidates& candidates, const Known& route) {
  const auto found = std::ranges::find(candidates, route);
  if (found != candidates.end()) {
    candidates.erase(found);
  } else if (std::ranges::find(candidates, route.metric, &Known::metric) != candidates.end()) {
    need_dump_ = true;  // a part of it
  }
}

RouteMirror::EntryKey RouteMirror::key_of(const Candidates& candidates) const {
  EntryKey all;
  for (const RouteRow::Hop& hop : candidates.front().hops) all.emplace_back(hop.port, hop.gateway);
  EntryKey usable;
  std::ranges::copy_if(all, std::back_inserter(usable),
                       [this](const HopKey& hop) { return links_.up(hop.first); });
  return usable.empty() ? all : usable;
}

void RouteMirror::install(const Prefix& prefix, const Candidates* candidates) {
  const auto old = installed_.find(prefix);
  if (candidates == nullptr) {
    if (old == installed_.end()) return;
    lpm(prefix.address.family()).erase(prefix);
    leave_entry(old->second);
    installed_.erase(old);
    changed_ = true;
    return;
  }
  EntryKey key = key_of(*candidates);
  if (old != installed_.end() && old->second == key) return;
  const uint32_t slot = take_entry(key);
  if (slot == kNoId) return;
  lpm(prefix.address.family()).insert(prefix, slot);
  changed_ = true;
  if (old != installed_.end()) {
    leave_entry(old->second);
    old->second = std::move(key);
  } else {
    installed_.emplace(prefix, std::move(key));
  }
}

uint32_t RouteMirror::take_entry(const EntryKey& key) {
  Entry& entry = entries_[key];
  if (entry.prefixes++ > 0) return entry.slot;
  entry.slot = slots_.take();
  if (entry.slot == kNoId || !routing_.entries.grow(slots_.used())) {
    spdlog::error("routes: more than {} different sets of next hops; some routes are not used",
                  kEntryCapacity);
    entries_.erase(key);
    return kNoId;
  }
  if (by_slot_.size() <= entry.slot) by_slot_.resize(entry.slot + 1);
  by_slot_[entry.slot] = &entries_.find(key)->first;
  RouteEntry out;
  for (const auto& [port, gateway] : key) {
    RouteHop hop{port, !gateway, kNoId};
    if (gateway) hop.gateway = neighbours_.hold(port, *gateway);
    if (gateway && hop.gateway == kNoId) continue;
    out.hops[out.count++] = hop;
  }
  routing_.entries[entry.slot] = out;
  return entry.slot;
}

void RouteMirror::leave_entry(const EntryKey& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end() || --found->second.prefixes > 0) return;
  for (const auto& [port, gateway] : key) {
    if (gateway) neighbours_.release(port, *gateway);
  }
  slots_.give_back(found->second.slot);
  entries_.erase(found);
}

/// After a batch of changes: who remembers routes is told, and nodes that nobody needs are retired.
void RouteMirror::settle_changes() {
  bump_generation(routing_);
  for (const Family family : {Family::kIpv4, Family::kIpv6}) {
    auto nodes = lpm(family).take_retired();
    if (nodes.empty()) continue;
    // std::function wants something that can be copied.
    auto shared = std::make_shared<decltype(nodes)>(std::move(nodes));
    publisher_.retire([shared]() mutable { shared.reset(); });
  }
}

void RouteMirror::links_changed() {
  for (const auto& [prefix, candidates] : table_) install(prefix, &candidates);
  settle_changes();
  changed_ = true;
}

std::optional<RouteMirror::Neighbour> RouteMirror::neighbour_towards(
    const IpAddress& address) const {
  const uint32_t slot = routing_.lpm(address.family()).lookup(address);
  if (slot == kNoRoute || by_slot_[slot]->empty()) return std::nullopt;
  const EntryKey& hops = *by_slot_[slot];
  const auto& [port, gateway] = hops[hash_value(address) % hops.size()];
  return Neighbour{port, gateway.value_or(address)};
}

std::vector<RouteRow> RouteMirror::rows() const {
  std::vector<RouteRow> rows;
  for (const auto& [prefix, candidates] : table_) {
    const Known& best = candidates.front();
    rows.push_back({prefix, best.hops, best.metric, best.protocol, protocol_name(best.protocol)});
  }
  return rows;
}

}  // namespace lbd
