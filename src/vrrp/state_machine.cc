// SPDX-License-Identifier: Apache-2.0
#include "vrrp/state_machine.h"

namespace lbd::vrrp {
namespace {

constexpr size_t kStates = static_cast<size_t>(State::kCount);
constexpr size_t kEvents = static_cast<size_t>(Event::kCount);

using Table = std::array<std::array<Step, kEvents>, kStates>;

// RFC 9568 6.4.1 (115), 6.4.2 (380): the advertisement goes out first.
constexpr uint16_t kBecomeMaster =
    kAdoptInterval | kSendAdvertisement | kTake | kAnnounce | kArmAdvertise;
constexpr uint16_t kGiveUp = kSendStop | kDrop | kDisarm;

constexpr Table make_table() {
  Table table{};
  const auto set = [&table](State state, Event event, State next, unsigned actions) {
    table[static_cast<size_t>(state)][static_cast<size_t>(event)] = {
        next, static_cast<uint16_t>(actions)};
  };
  for (size_t state = 0; state < kStates; ++state)
    for (size_t event = 0; event < kEvents; ++event)
      set(static_cast<State>(state), static_cast<Event>(event), static_cast<State>(state), 0);

  constexpr auto kInitialize = State::kInitialize;
  constexpr auto kBackup = State::kBackup;
  constexpr auto kMaster = State::kMaster;
  using E = Event;
  // 6.4.1 Initialize: a start, nothing else. What a crash may have left is taken away.
  set(kInitialize, E::kStart, kBackup, kAdoptInterval | kDrop | kArmMasterDown);  // (150)-(165)
  set(kInitialize, E::kStartOwner, kMaster, kBecomeMaster);                       // (105)-(145)
  set(kInitialize, E::kFailed, State::kFault, kDrop | kDisarm);

  // 6.4.2 Backup.
  set(kBackup, E::kStop, kInitialize, kDrop | kDisarm);                        // (355)-(365)
  set(kBackup, E::kMasterDown, kMaster, kBecomeMaster);                        // (375)-(420)
  set(kBackup, E::kZero, kBackup, kArmSkew);                                   // (435)-(440)
  set(kBackup, E::kLowerTolerated, kBackup, kLearnInterval | kArmMasterDown);  // (450)-(465)
  set(kBackup, E::kEqualLower, kBackup, kLearnInterval | kArmMasterDown);
  set(kBackup, E::kEqualHigher, kBackup, kLearnInterval | kArmMasterDown);
  set(kBackup, E::kHigher, kBackup, kLearnInterval | kArmMasterDown);
  // kLower: (470)-(475), discarded; the timer runs on and we take over.
  set(kBackup, E::kFailed, State::kFault, kDrop | kDisarm);

  // 6.4.3 Master.
  set(kMaster, E::kStop, kInitialize, kGiveUp);                                  // (650)-(665)
  set(kMaster, E::kAdvertiseTime, kMaster, kSendAdvertisement | kArmAdvertise);  // (675)-(685)
  set(kMaster, E::kZero, kMaster, kSendAdvertisement | kArmAdvertise);           // (700)-(710)
  // (755)-(765) and RFC 9568's "assert": who is weaker hears of us at once, and so do the switches,
  // which have learnt the addresses from it.
  constexpr unsigned kAssert = kSendAdvertisement | kAnnounce | kArmAdvertise;
  set(kMaster, E::kLower, kMaster, kAssert);
  set(kMaster, E::kLowerTolerated, kMaster, kAssert);
  set(kMaster, E::kEqualLower, kMaster, kAssert);
  // (720)-(750): the other one is the master. It may never have heard of us (networks that were cut
  // heal in one direction first); a last advertisement makes it announce the addresses again. Its
  // priority is the lowest: with our own, a late advertisement of one that has lowered its priority
  // since could make both step back.
  constexpr unsigned kRetire = kLearnInterval | kSendLastWord | kDrop | kDisarm | kArmMasterDown;
  set(kMaster, E::kEqualHigher, kBackup, kRetire);
  set(kMaster, E::kHigher, kBackup, kRetire);
  set(kMaster, E::kFailed, State::kFault, kGiveUp);
  set(kMaster, E::kYield, kBackup, kSendStop | kDrop | kDisarm | kArmMasterDown);

  // FAULT: advertisements are ignored; leaving it is a start.
  set(State::kFault, E::kStop, kInitialize, kDrop | kDisarm);
  set(State::kFault, E::kCleared, kBackup, kAdoptInterval | kArmMasterDown);
  set(State::kFault, E::kClearedOwner, kMaster, kBecomeMaster);
  return table;
}

constexpr Table kTable = make_table();

}  // namespace

Step step(State state, Event event) {
  return kTable[static_cast<size_t>(state)][static_cast<size_t>(event)];
}

}  // namespace lbd::vrrp
