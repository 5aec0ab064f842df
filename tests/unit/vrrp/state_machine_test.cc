// SPDX-License-Identifier: Apache-2.0
#include "vrrp/state_machine.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace lbd::vrrp {
namespace {

struct Case {
  State state;
  Event event;
  State next;
  unsigned actions;
  const char* clause;
};

constexpr unsigned kMasterActions =
    kAdoptInterval | kSendAdvertisement | kTake | kAnnounce | kArmAdvertise;
constexpr unsigned kReset = kLearnInterval | kArmMasterDown;
constexpr unsigned kAssert = kSendAdvertisement | kAnnounce | kArmAdvertise;
constexpr unsigned kRetire = kReset | kSendLastWord | kDrop | kDisarm;
constexpr unsigned kGiveUp = kSendStop | kDrop | kDisarm;

constexpr State I = State::kInitialize, B = State::kBackup, M = State::kMaster, F = State::kFault;
using E = Event;

constexpr Case kCases[] = {
    {I, E::kStart, B, kAdoptInterval | kDrop | kArmMasterDown, "9568 6.4.1 (150)-(165)"},
    {I, E::kStartOwner, M, kMasterActions, "9568 6.4.1 (105)-(145)"},
    {I, E::kStop, I, 0, "9568 6.4.1: only a Startup event counts"},
    {I, E::kMasterDown, I, 0, "9568 6.4.1"},
    {I, E::kAdvertiseTime, I, 0, "9568 6.4.1"},
    {I, E::kZero, I, 0, "9568 6.4.1"},
    {I, E::kLower, I, 0, "9568 6.4.1"},
    {I, E::kLowerTolerated, I, 0, "9568 6.4.1"},
    {I, E::kEqualLower, I, 0, "9568 6.4.1"},
    {I, E::kEqualHigher, I, 0, "9568 6.4.1"},
    {I, E::kHigher, I, 0, "9568 6.4.1"},
    {I, E::kFailed, F, kDrop | kDisarm, "keepalived: a start with something down is FAULT"},
    {I, E::kCleared, I, 0, "9568 6.4.1"},
    {I, E::kClearedOwner, I, 0, "9568 6.4.1"},
    {I, E::kYield, I, 0, "9568 6.4.1"},

    {B, E::kStart, B, 0, "started already"},
    {B, E::kStartOwner, B, 0, "started already"},
    {B, E::kStop, I, kDrop | kDisarm, "9568 6.4.2 (355)-(365)"},
    {B, E::kMasterDown, M, kMasterActions, "9568 6.4.2 (375)-(420)"},
    {B, E::kAdvertiseTime, B, 0, "9568 6.4.2: a backup has no Adver_Timer"},
    {B, E::kZero, B, kArmSkew, "9568 6.4.2 (435)-(440)"},
    {B, E::kLower, B, 0, "9568 6.4.2 (470)-(475): discarded"},
    {B, E::kLowerTolerated, B, kReset, "9568 6.4.2 (450): Preempt_Mode is false"},
    {B, E::kEqualLower, B, kReset, "9568 6.4.2 (450): greater or equal"},
    {B, E::kEqualHigher, B, kReset, "9568 6.4.2 (450): greater or equal"},
    {B, E::kHigher, B, kReset, "9568 6.4.2 (450)-(465)"},
    {B, E::kFailed, F, kDrop | kDisarm, "keepalived: FAULT"},
    {B, E::kCleared, B, 0, "nothing was wrong"},
    {B, E::kClearedOwner, B, 0, "nothing was wrong"},
    {B, E::kYield, B, 0, "nothing to hand over"},

    {M, E::kStart, M, 0, "started already"},
    {M, E::kStartOwner, M, 0, "started already"},
    {M, E::kStop, I, kGiveUp, "9568 6.4.3 (650)-(665)"},
    {M, E::kMasterDown, M, 0, "9568 6.4.3: a master has no Active_Down_Timer"},
    {M, E::kAdvertiseTime, M, kSendAdvertisement | kArmAdvertise, "9568 6.4.3 (675)-(685)"},
    {M, E::kZero, M, kSendAdvertisement | kArmAdvertise, "9568 6.4.3 (700)-(710)"},
    {M, E::kLower, M, kAssert, "9568 6.4.3 (755)-(765)"},
    {M, E::kLowerTolerated, M, kAssert, "9568 6.4.3 (755): Preempt_Mode is no matter of a master"},
    {M, E::kEqualLower, M, kAssert, "9568 6.4.3 (755)"},
    {M, E::kEqualHigher, B, kRetire, "9568 6.4.3 (720)-(750), and a last word to the winner"},
    {M, E::kHigher, B, kRetire, "9568 6.4.3 (715)-(750), and a last word to the winner"},
    {M, E::kFailed, F, kGiveUp, "keepalived: MASTER to FAULT says priority 0"},
    {M, E::kCleared, M, 0, "nothing was wrong"},
    {M, E::kClearedOwner, M, 0, "nothing was wrong"},
    {M, E::kYield, B, kGiveUp | kArmMasterDown, "9568 5.2.4: priority 0 hands over"},

    {F, E::kStart, F, 0, "started already"},
    {F, E::kStartOwner, F, 0, "started already"},
    {F, E::kStop, I, kDrop | kDisarm, "9568 6.4.2 (355)"},
    {F, E::kMasterDown, F, 0, "keepalived: no timer runs in FAULT"},
    {F, E::kAdvertiseTime, F, 0, "keepalived: no timer runs in FAULT"},
    {F, E::kZero, F, 0, "keepalived: advertisements are ignored in FAULT"},
    {F, E::kLower, F, 0, "keepalived: ignored"},
    {F, E::kLowerTolerated, F, 0, "keepalived: ignored"},
    {F, E::kEqualLower, F, 0, "keepalived: ignored"},
    {F, E::kEqualHigher, F, 0, "keepalived: ignored"},
    {F, E::kHigher, F, 0, "keepalived: ignored"},
    {F, E::kFailed, F, 0, "one reason more"},
    {F, E::kCleared, B, kAdoptInterval | kArmMasterDown, "keepalived: BACKUP with the full timer"},
    {F, E::kClearedOwner, M, kMasterActions, "keepalived: 255 at once; 9568 6.4.1 (105)"},
    {F, E::kYield, F, 0, "nothing to hand over"},
};

TEST(StateMachine, every_pair_of_state_and_event) {
  std::set<std::pair<State, Event>> seen;
  for (const Case& one : kCases) {
    const Step done = step(one.state, one.event);
    EXPECT_EQ(done.next, one.next) << one.clause;
    EXPECT_EQ(done.actions, one.actions) << one.clause;
    EXPECT_TRUE(seen.emplace(one.state, one.event).second) << "twice: " << one.clause;
  }
  EXPECT_EQ(seen.size(), static_cast<size_t>(State::kCount) * static_cast<size_t>(Event::kCount));
}

TEST(StateMachine, addresses_are_held_in_master_only) {
  for (size_t s = 0; s < static_cast<size_t>(State::kCount); ++s) {
    for (size_t e = 0; e < static_cast<size_t>(Event::kCount); ++e) {
      const auto state = static_cast<State>(s);
      const Step done = step(state, static_cast<Event>(e));
      const bool enters = state != M && done.next == M;
      const bool leaves = state == M && done.next != M;
      EXPECT_EQ(enters, (done.actions & kTake) != 0);
      if (leaves) {
        EXPECT_TRUE(done.actions & kDrop);
      }
      if (enters) {
        EXPECT_TRUE(done.actions & kSendAdvertisement);
      }
    }
  }
}

}  // namespace
}  // namespace lbd::vrrp
