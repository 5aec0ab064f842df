// SPDX-License-Identifier: Apache-2.0
#include "control/kernel/next_hop_mirror.h"

namespace lbd {

NextHopId NextHopMirror::acquire(const IpAddress& address, Reach reach) {
  const Key key{address, reach};
  const auto found = ways_.find(key);
  if (found != ways_.end()) {
    ++found->second.users;
    return found->second.id;
  }
  const NextHopId id = neighbours_.take_slot();
  if (id == kNoId) return kNoId;
  Way& way = ways_[key];
  way.id = id;
  way.users = 1;
  keys_[id] = key;
  table_.set(id, NextHop{{}, 0, NextHopState::kNoRoute});
  resolve(key, way);
  return id;
}

void NextHopMirror::release(NextHopId id) {
  const auto known = keys_.find(id);
  if (known == keys_.end()) return;
  const auto found = ways_.find(known->second);
  Way& way = found->second;
  if (--way.users > 0) return;
  if (way.neighbour) neighbours_.unfollow(way.neighbour->port, way.neighbour->address, id);
  neighbours_.give_slot_back(id);
  keys_.erase(known);
  ways_.erase(found);
}

void NextHopMirror::resolve_all() {
  for (auto& [key, way] : ways_) resolve(key, way);
}

void NextHopMirror::resolve(const Key& key, Way& way) {
  auto neighbour = routes_.neighbour_towards(key.first);
  // By dr a packet keeps the virtual address: a gateway would send it back.
  if (neighbour && key.second == Reach::kOnLink && neighbour->address != key.first)
    neighbour.reset();
  if (neighbour == way.neighbour) return;
  const auto old = way.neighbour;
  way.neighbour.reset();
  // The new one first: a neighbour that both need is not let go in between.
  if (neighbour && neighbours_.follow(neighbour->port, neighbour->address, way.id))
    way.neighbour = neighbour;
  if (old) neighbours_.unfollow(old->port, old->address, way.id);
  if (!way.neighbour) table_.set(way.id, NextHop{{}, 0, NextHopState::kNoRoute});
}

}  // namespace lbd
