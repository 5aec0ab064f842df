// SPDX-License-Identifier: Apache-2.0
#include "vrrp/tracking.h"

#include <algorithm>

namespace lbd::vrrp {

int Tracking::Track::contribution() const {
  if (config.weight > 0) return health == Health::kUp ? config.weight : 0;
  return health == Health::kDown ? config.weight : 0;
}

void Tracking::configure(uint8_t priority, const std::vector<TrackConfig>& tracks) {
  std::vector<Track> next;
  for (const TrackConfig& config : tracks) {
    const auto old = std::ranges::find(tracks_, config.name,
                                       [](const Track& track) { return track.config.name; });
    next.push_back({config, old == tracks_.end() ? Health::kUnknown : old->health});
  }
  tracks_ = std::move(next);
  configured_ = priority;
  recompute();
}

bool Tracking::set(std::string_view name, bool up) {
  const Health health = up ? Health::kUp : Health::kDown;
  bool changed = false;
  for (Track& track : tracks_) {
    if (track.config.name != name || track.health == health) continue;
    track.health = health;
    changed = true;
  }
  if (changed) recompute();
  return changed;
}

bool Tracking::set_outer_fault(std::string_view source, const std::string& reason) {
  const auto found = outer_.find(source);
  const std::string before = found == outer_.end() ? "" : found->second;
  if (before == reason) return false;
  if (reason.empty())
    outer_.erase(found);
  else
    outer_[std::string(source)] = reason;
  recompute();
  return true;
}

void Tracking::recompute() {
  int sum = configured_;
  own_fault_.clear();
  const auto add = [](std::string& all, const std::string& one) {
    all += (all.empty() ? "" : ", ") + one;
  };
  for (const Track& track : tracks_) {
    sum += track.contribution();
    if (track.config.weight != 0 || track.health == Health::kUp) continue;
    add(own_fault_,
        track.config.name + (track.health == Health::kDown ? " is down" : " is not known yet"));
  }
  for (const auto& [source, reason] : outer_)
    if (source != kGroup) add(own_fault_, reason);
  fault_ = own_fault_;
  if (const auto group = outer_.find(kGroup); group != outer_.end()) add(fault_, group->second);
  priority_ = configured_ == kPriorityOwner ? kPriorityOwner
                                            : static_cast<uint8_t>(std::clamp(sum, 1, 254));
}

std::string Tracking::explain() const {
  std::string out;
  for (const Track& track : tracks_) {
    const int weight = track.contribution();
    if (weight == 0 || configured_ == kPriorityOwner) continue;
    out += (out.empty() ? "" : ", ") + track.config.name +
           (track.health == Health::kUp ? " is up: +" : " is down: ") + std::to_string(weight);
  }
  return out;
}

}  // namespace lbd::vrrp
