// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "control/kernel/neighbour_mirror.h"
#include "control/kernel/netlink_message.h"
#include "control/kernel/netlink_mirror.h"
#include "control/kernel/slot_pool.h"
#include "control/kernel/tap_links.h"
#include "dataplane/routing.h"

// The kernel's main table as far as it concerns our TAPs: routes by them, and routes that refuse.
// Of the routes to a prefix the one with the lowest metric counts, of equal ones the first (as the
// kernel keeps them). Of several next hops those on ports that are up count, if there are any, each
// for the same share of flows: their weights are not used.
//
// Prefixes with the same next hops share one RouteEntry. An entry never changes while a prefix
// names it: a changed route gets another one, and the slot rests for a grace period.
//
// Not every change has an event that says all, so need_dump() asks for a dump: after an IPv6
// multipath route lost one hop, after routes of equal rank came, and after anything that makes the
// kernel drop IPv4 routes in silence.
namespace lbd {

class RouteMirror {
 public:
  RouteMirror(Routing& routing, Publisher& publisher, NeighbourMirror& neighbours,
              const TapLinks& links);
  ~RouteMirror();

  void begin_dump();
  void apply(const netlink::Route& event);
  void end_dump();
  /// Keeps what was known before begin_dump().
  void abandon_dump() { dumping_ = false; }
  bool need_dump() const { return need_dump_; }
  void ask_for_dump() { need_dump_ = true; }

  /// A port went up or down: choose next hops anew.
  void links_changed();
  /// True once after anything that may make lookup() answer otherwise.
  bool take_changed() { return std::exchange(changed_, false); }
  struct Neighbour {
    PortIndex port = 0;
    IpAddress address;
    bool operator==(const Neighbour&) const = default;
  };
  /// Who is next on the way to `address`: itself where it is on-link, else a gateway. Nothing where
  /// there is no way.
  std::optional<Neighbour> neighbour_towards(const IpAddress& address) const;
  std::vector<RouteRow> rows() const;

 private:
  struct Known {
    uint32_t metric = 0;
    uint8_t protocol = 0;
    std::vector<RouteRow::Hop> hops;  // only those by TAPs; empty: refuses
    bool operator==(const Known& other) const;
  };
  /// In the kernel's order: by metric.
  using Candidates = std::vector<Known>;
  using Table = std::map<Prefix, Candidates>;
  using HopKey = std::pair<PortIndex, std::optional<IpAddress>>;
  using EntryKey = std::vector<HopKey>;
  struct Entry {
    uint32_t slot = kNoId;
    size_t prefixes = 0;
  };

  Lpm& lpm(Family family);
  std::optional<Known> known_from(const netlink::Route& event) const;
  void add(Candidates& candidates, Known route, const netlink::Route& event);
  void remove(Candidates& candidates, const Known& route);
  EntryKey key_of(const Candidates& candidates) const;
  void install(const Prefix& prefix, const Candidates* candidates);
  uint32_t take_entry(const EntryKey& key);
  void leave_entry(const EntryKey& key);
  void settle_changes();

  Routing& routing_;
  Publisher& publisher_;
  NeighbourMirror& neighbours_;
  const TapLinks& links_;
  SlotPool slots_;
  Table table_;
  Table dumped_;
  bool dumping_ = false;
  bool need_dump_ = false;
  bool changed_ = false;
  std::map<EntryKey, Entry> entries_;
  std::vector<const EntryKey*> by_slot_;  // keys of entries_
  std::map<Prefix, EntryKey> installed_;
};

}  // namespace lbd
