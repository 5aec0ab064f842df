// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

// The state machine of RFC 9568 6.4 (RFC 3768 6.4 is the same but for the learnt interval), with
// the state FAULT and the events that keepalived's users know, as a table. Pure: who calls it turns
// what came into an event and does the actions, in the order in which they are declared.
namespace lbd::vrrp {

enum class State : uint8_t { kInitialize, kBackup, kMaster, kFault, kCount };
inline constexpr std::array<std::string_view, 4> kStateNames{"INIT", "BACKUP", "MASTER", "FAULT"};
constexpr std::string_view to_text(State state) {
  return kStateNames[static_cast<size_t>(state)];
}

enum class Event : uint8_t {
  kStart,       // and nothing is wrong
  kStartOwner,  // the same with priority 255
  kStop,
  kMasterDown,     // the master was not heard for so long
  kAdvertiseTime,  // the next advertisement is due
  // Advertisements, by their priority against our effective one.
  kZero,            // the master gives up
  kLower,           // a BACKUP takes over from it (preempt)
  kLowerTolerated,  // a BACKUP leaves it alone (nopreempt, preempt_delay, after a step-down)
  kEqualLower,      // equal, from a numerically lower address than ours
  kEqualHigher,     // equal, from a numerically higher address
  kHigher,
  kFailed,        // something tracked is down
  kCleared,       // nothing is any more
  kClearedOwner,  // the same with priority 255
  kYield,         // told to hand over: step-down, or another member of the sync group did
  kCount
};

/// Bits, in the order in which they are to be done.
enum Action : uint16_t {
  kLearnInterval = 1 << 0,  // Master_Adver_Interval from the advertisement
  kAdoptInterval = 1 << 1,  // Master_Adver_Interval is our own
  kSendAdvertisement = 1 << 2,
  kSendStop = 1 << 3,  // priority 0
  kTake = 1 << 4,      // held flags, virtual addresses, routes
  kDrop = 1 << 5,      // the reverse
  kAnnounce = 1 << 6,  // gratuitous ARP, unsolicited NA
  kDisarm = 1 << 7,    // all timers
  kArmAdvertise = 1 << 8,
  kArmMasterDown = 1 << 9,
  kArmSkew = 1 << 10,       // master down after the skew time alone
  kSendLastWord = 1 << 11,  // priority 1
};

struct Step {
  State next;
  uint16_t actions;
};

/// What to do; the same for every instance.
Step step(State state, Event event);

}  // namespace lbd::vrrp
