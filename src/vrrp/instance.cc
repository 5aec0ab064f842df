// SPDX-License-Identifier: Apache-2.0
#include "vrrp/instance.h"

#include <algorithm>
#include <utility>

namespace lbd::vrrp {
namespace {

/// A flood of advertisements that call for an answer gets so many, and no more.
constexpr Time kAssertEvery = std::chrono::milliseconds(100);
constexpr Time kAnnounceEvery = std::chrono::seconds(1);
/// The kernel is given so long to take the addresses before they are announced all the same.
constexpr Time kAddressPatience = std::chrono::milliseconds(10);
constexpr Time kLogEvery = std::chrono::seconds(10);

bool contains(const std::vector<VirtualAddress>& all, const VirtualAddress& one) {
  return std::ranges::any_of(all, [&](const auto& other) { return other.same_place(one); });
}

}  // namespace

Instance::Instance(InstanceConfig config, Output& output)
    : config_(std::move(config)), output_(output), master_interval_(own_interval()) {
  tracking_.configure(config_.priority, config_.tracks);
}

Time Instance::skew() const {
  return skew_time(config_.protocol.version, priority(), master_interval_);
}

Time Instance::down_interval() const {
  return master_interval_ * config_.down_after + skew() + config_.takeover_delay;
}

Time Instance::deadline() const {
  return std::min({advertise_at_, master_down_at_, rival_until_, announcements_.deadline()});
}

void Instance::start(Time now) {
  if (!tracking_.fault().empty()) return handle(Event::kFailed, now, tracking_.fault());
  const bool owner = priority() == kPriorityOwner && !grouped_;
  handle(owner ? Event::kStartOwner : Event::kStart, now, "started");
}

void Instance::stop(Time now, const std::string& reason) {
  handle(Event::kStop, now, reason);
}

void Instance::reconfigure(InstanceConfig next, const std::map<std::string, bool>& known,
                           Time now) {
  std::swap(config_, next);  // `next` is what was
  if (config_.protocol.version == 2 || config_.protocol.interval_cs != next.protocol.interval_cs)
    master_interval_ = own_interval();
  if (state_ == State::kMaster) {
    advertise_at_ = std::min(advertise_at_, now + own_interval());
    const bool added = std::ranges::any_of(config_.addresses, [&](const VirtualAddress& address) {
      return !contains(next.addresses, address);
    });
    output_.take(*this);
    if (added)
      announcements_.begin(now + kAddressPatience, config_.addresses.size(), config_.announcing);
  } else {
    output_.drop(*this);
  }
  tracking_.configure(config_.priority, config_.tracks);
  for (const auto& [name, up] : known) tracking_.set(name, up);
  priority_changed(now);
}

// --- Advertisements ---

bool Instance::preempts(Time now) {
  if (priority() == kPriorityOwner) return true;
  if (!config_.preempt || tolerant_) return false;
  if (config_.preempt_delay == Time{0}) return true;
  // It begins with the first advertisement of a lower priority.
  if (preempt_at_ == kNever) preempt_at_ = now + config_.preempt_delay;
  return now >= preempt_at_;
}

Event Instance::classify(const Advertisement& advertisement, const IpAddress& from, Time now) {
  if (advertisement.priority == kPriorityStop) return Event::kZero;
  if (advertisement.priority < priority())
    return preempts(now) ? Event::kLower : Event::kLowerTolerated;
  preempt_at_ = kNever;
  if (advertisement.priority > priority()) return Event::kHigher;
  return from > config_.protocol.source ? Event::kEqualHigher : Event::kEqualLower;
}

void Instance::receive(const Advertisement& advertisement, const IpAddress& from, Time now) {
  if (state_ == State::kInitialize) return;
  ++counters_.received;
  if (advertisement.priority == kPriorityStop) ++counters_.stops_received;
  if (advertisement.addresses_differ) refuse(ErrorKind::kAddresses, from, now);
  hear_master(advertisement, from, now);
  if (state_ == State::kFault) return;
  const Event event = classify(advertisement, from, now);
  if (state_ == State::kMaster) {
    if (event != Event::kZero) rival_seen(advertisement, from, now);
    const bool answers = event != Event::kHigher && event != Event::kEqualHigher;
    if (answers && now - asserted_at_ < std::min(kAssertEvery, own_interval())) return;
    if (answers) asserted_at_ = now;
  }
  if (event == Event::kHigher || event == Event::kEqualHigher || event == Event::kEqualLower ||
      event == Event::kLowerTolerated)
    wants_master_ = false;
  handle(event, now,
         from.to_string() + " advertises priority " + std::to_string(advertisement.priority));
}

void Instance::hear_master(const Advertisement& advertisement, const IpAddress& from, Time now) {
  heard_interval_cs_ = advertisement.interval_cs;
  if (advertisement.priority != kPriorityStop) {
    heard_master_ = from;
    heard_at_ = now;
  } else if (heard_master_ == from) {
    heard_master_ = {};
  }
}

IpAddress Instance::master(Time now) const {
  if (state_ == State::kMaster) return config_.protocol.source;
  // A BACKUP's timer makes it master when nobody speaks any more; in FAULT only time tells.
  const Time patience = centiseconds(heard_interval_cs_) * (config_.down_after + 1);
  if (state_ != State::kBackup && now - heard_at_ > patience) return {};
  return heard_master_;
}

/// Two masters: said once, and once more when it is over.
void Instance::rival_seen(const Advertisement& advertisement, const IpAddress& from, Time now) {
  // The last word of whom we have just preempted.
  if (advertisement.priority < priority() && now - since_ < own_interval()) return;
  ++counters_.two_masters;
  const bool known = rival_until_ != kNever;
  rival_until_ = now + own_interval() * 3;
  if (known) return;
  const bool ours = advertisement.priority < priority() ||
                    (advertisement.priority == priority() && from < config_.protocol.source);
  output_.note(*this, "two masters: " + from.to_string() + " advertises priority " +
                          std::to_string(advertisement.priority) + ", we have " +
                          std::to_string(priority()) +
                          (ours ? ": we stay, and say so at once" : ": it wins, we step back"));
}

void Instance::refuse(ErrorKind kind, const IpAddress& from, Time now) {
  const auto& info = kErrors[static_cast<size_t>(kind)];
  const bool first = counters_.errors[static_cast<size_t>(kind)]++ == 0;
  if (!first && now < quiet_until_) return;
  // Those that a peer's configuration makes are said once, the rest at a limited rate.
  const bool once = kind == ErrorKind::kVersion || kind == ErrorKind::kAuthenticationHeader ||
                    kind == ErrorKind::kAddresses;
  if (once && !first) return;
  quiet_until_ = now + kLogEvery;
  output_.note(*this, "advertisement of " + from.to_string() + ": " + std::string(info.help));
}

// --- Time ---

void Instance::fire(Time now) {
  if (now >= advertise_at_) {
    lateness_.add(now - advertise_at_);
    handle(Event::kAdvertiseTime, now, {});
  }
  if (now >= master_down_at_) {
    lateness_.add(now - master_down_at_);
    wants_master_ = true;
    if (grouped_)
      arm(kArmMasterDown, now);
    else
      take_over(now, skew_only_ ? "the master has stopped" : "the master is silent");
  }
  if (now >= rival_until_) {
    rival_until_ = kNever;
    output_.note(*this, "no second master any more");
    if (state_ == State::kMaster)
      announcements_.begin(now, config_.addresses.size(), config_.announcing);
  }
  announcements_.step(now,
                      [this](size_t index) { output_.announce(*this, config_.addresses[index]); });
}

void Instance::take_over(Time now, const std::string& reason) {
  handle(Event::kMasterDown, now, reason);
}

void Instance::yield(Time now, const std::string& reason) {
  if (state_ == State::kMaster) handle(Event::kYield, now, reason);
}

void Instance::step_down(Time now, const std::string& reason) {
  if (state_ != State::kMaster) return;
  tolerant_ = true;
  handle(Event::kYield, now, reason);
}

void Instance::addresses_ready(Time now) {
  announcements_.hurry(now);
}

// --- Tracking ---

void Instance::track(std::string_view name, bool up, Time now) {
  if (tracking_.set(name, up)) priority_changed(now);
}

void Instance::set_outer_fault(std::string_view source, const std::string& reason, Time now) {
  if (tracking_.set_outer_fault(source, reason)) priority_changed(now);
}

void Instance::priority_changed(Time now) {
  if (state_ == State::kInitialize) return;
  if (!tracking_.fault().empty()) {
    if (state_ != State::kFault) return handle(Event::kFailed, now, tracking_.fault());
    reason_ = tracking_.fault();
    return;
  }
  if (state_ == State::kFault) {
    const bool owner = priority() == kPriorityOwner && !grouped_;
    return handle(owner ? Event::kClearedOwner : Event::kCleared, now, "nothing is wrong any more");
  }
  // A running timer is rescaled: as if it had been armed with the new priority.
  if (master_down_at_ != kNever)
    master_down_at_ = armed_at_ + (skew_only_ ? skew() : down_interval());
}

// --- The table, done ---

void Instance::handle(Event event, Time now, const std::string& reason) {
  const State before = state_;
  const Step next = step(state_, event);
  state_ = next.next;
  if (state_ == State::kFault || state_ == State::kInitialize) {
    preempt_at_ = kNever;
    wants_master_ = false;
  }
  if (before != state_) {
    since_ = now;
    reason_ = reason;
    if (state_ == State::kMaster) {
      ++counters_.became_master;
      tolerant_ = false;
      wants_master_ = false;
      preempt_at_ = kNever;
    }
    // Who was master before us says nothing of who will be after us.
    if (next.actions & kSendStop) heard_master_ = {};
    if (before == State::kMaster) {
      ++counters_.left_master;
      rival_until_ = kNever;
      announcements_.stop();
    }
  }
  act(next.actions, now);
  if (before != state_) output_.changed(*this, before, reason);
}

void Instance::act(uint16_t actions, Time now) {
  // Version 2 has one interval for all (RFC 3768 6.1).
  if (actions & kLearnInterval && config_.protocol.version == 3)
    master_interval_ = centiseconds(heard_interval_cs_);
  if (actions & kAdoptInterval) master_interval_ = own_interval();
  if (actions & kSendAdvertisement) send(priority());
  if (actions & kSendStop) send(kPriorityStop);
  if (actions & kSendLastWord) send(kPriorityLowest);
  if (actions & kTake) output_.take(*this);
  if (actions & kDrop) output_.drop(*this);
  if (actions & kAnnounce &&
      (announced_at_ == Time{0} || actions & kTake || now - announced_at_ >= kAnnounceEvery)) {
    announced_at_ = now;
    const Time at = actions & kTake ? now + kAddressPatience : now;
    announcements_.begin(at, config_.addresses.size(), config_.announcing);
  }
  arm(actions, now);
}

void Instance::arm(uint16_t actions, Time now) {
  if (actions & kDisarm) advertise_at_ = master_down_at_ = kNever;
  if (actions & kArmAdvertise) {
    master_down_at_ = kNever;
    // From when it was due, so that lateness does not add up.
    const bool on_time = advertise_at_ <= now && now - advertise_at_ < own_interval();
    advertise_at_ = (on_time ? advertise_at_ : now) + own_interval();
  }
  if (actions & (kArmMasterDown | kArmSkew)) {
    armed_at_ = now;
    skew_only_ = (actions & kArmSkew) != 0;
    master_down_at_ = now + (skew_only_ ? skew() : down_interval());
  }
}

void Instance::send(uint8_t priority) {
  const bool sent = output_.send(*this, priority);
  ++(sent ? counters_.sent : counters_.send_failed);
  if (priority == kPriorityStop && sent) ++counters_.stops_sent;
}

}  // namespace lbd::vrrp
