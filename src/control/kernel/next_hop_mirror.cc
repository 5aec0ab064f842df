// SPDX-License-Identifier: Apache-2.0
#include "control/kernel/next_hop_mirror.h"

namespace lbd {

NextHopId NextHopMirror::acquire(const IpAddress& address) {
  const auto found = ways_.find(address);
  if (found != ways_.end()) {
    ++found->second.users;
    return found->second.id;
  }
  const NextHopId id = neighbours_.take_slot();
  if (id == kNoId) return kNoId;
  Way& way = ways_[address];
  way.id = id;
  way.users = 1;
  addresses_[id] = address;
  table_.set(id, NextHop{{}, 0, NextHopState::kNoRoute});
  resolve(address, way);
  return id;
}

void NextHopMirror::release(NextHopId id) {
  const auto known = addresses_.find(id);
  if (known == addresses_.end()) return;
  const IpAddress address = known->second;
  Way& way = ways_.at(address);
  if (--way.users > 0) return;
  if (way.port) neighbours_.unfollow(*way.port, address, id);
  neighbours_.give_slot_back(id);
  addresses_.erase(known);
  ways_.erase(address);
}

void NextHopMirror::resolve_all() {
  for (auto& [address, way] : ways_) resolve(address, way);
}

void NextHopMirror::resolve(const IpAddress& address, Way& way) {
  const auto port = routes_.on_link_port(address);
  if (port == way.port) return;
  const auto old = way.port;
  way.port.reset();
  // The new one first: a neighbour that both need is not let go in between.
  if (port && neighbours_.follow(*port, address, way.id)) way.port = port;
  if (old) neighbours_.unfollow(*old, address, way.id);
  if (!way.port) table_.set(way.id, NextHop{{}, 0, NextHopState::kNoRoute});
}

}  // namespace lbd
