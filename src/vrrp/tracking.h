// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "vrrp/config.h"

namespace lbd::vrrp {

/// What an instance tracks, and what comes of it: its effective priority or the reason of its
/// FAULT.
class Tracking {
 public:
  enum class Health : uint8_t { kUnknown, kUp, kDown };

  /// Takes a new list; what was known of names that are still in it stays.
  void configure(uint8_t priority, const std::vector<TrackConfig>& tracks);
  /// False where nothing of that name is tracked or nothing changes.
  bool set(std::string_view name, bool up);
  /// A fault that no track stands for (maintenance, another member of the group). Empty: none.
  bool set_outer_fault(std::string_view source, const std::string& reason);

  /// Clamped to 1..254; 255 never changes.
  uint8_t priority() const { return priority_; }
  /// Why it is FAULT; empty where it is not. What has not been heard of yet, and would be a fault
  /// when down, is one until its first result.
  const std::string& fault() const { return fault_; }
  /// The fault without what the group says of its other members.
  const std::string& own_fault() const { return own_fault_; }
  /// Why the priority is not the configured one; empty where it is.
  std::string explain() const;

  static constexpr std::string_view kGroup = "group";

 private:
  struct Track {
    TrackConfig config;
    Health health = Health::kUnknown;
    int contribution() const;
  };
  void recompute();

  uint8_t configured_ = 100;
  uint8_t priority_ = 100;
  std::vector<Track> tracks_;
  std::map<std::string, std::string, std::less<>> outer_;
  std::string fault_;
  std::string own_fault_;
};

}  // namespace lbd::vrrp
