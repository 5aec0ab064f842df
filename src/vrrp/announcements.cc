// SPDX-License-Identifier: Apache-2.0
#include "vrrp/announcements.h"

#include <algorithm>

namespace lbd::vrrp {

void Announcements::begin(Time at, size_t addresses, const Announcing& config) {
  config_ = config;
  addresses_ = addresses;
  second_ = config.delay > Time{0} ? at + config.delay : kNever;
  refresh_ = config.refresh > Time{0} ? at + config.refresh : kNever;
  start_round(at, config.repeat);
}

void Announcements::hurry(Time now) {
  if (index_ == 0 && left_ == config_.repeat && next_ != kNever) next_ = std::min(next_, now);
}

Time Announcements::deadline() const {
  return std::min({next_, second_, refresh_});
}

void Announcements::start_round(Time at, unsigned repeat) {
  index_ = 0;
  sent_ = 0;
  left_ = addresses_ == 0 ? 0 : repeat;
  next_ = left_ == 0 ? kNever : at;
}

void Announcements::prepare(Time now) {
  if (next_ != kNever) return;  // a round is on
  if (now >= second_) {
    second_ = kNever;
    start_round(now, config_.repeat);
  } else if (now >= refresh_) {
    refresh_ = now + config_.refresh;
    start_round(now, 1);
  }
}

void Announcements::advance(Time now) {
  if (++sent_ == kAtOnce) {
    sent_ = 0;
    next_ = now + kPause;
  }
  if (++index_ < addresses_) return;
  index_ = 0;
  if (--left_ == 0) {
    next_ = kNever;
  } else if (config_.interval > Time{0}) {
    next_ = now + config_.interval;
  }
}

}  // namespace lbd::vrrp
