// SPDX-License-Identifier: Apache-2.0
#include "vrrp/watchdog.h"

#include <utility>

namespace lbd::vrrp {
namespace {

/// A port that nobody asks to send any more is given another chance after so long.
constexpr Time kForgive = std::chrono::seconds(1);

}  // namespace

Watchdog::Watchdog(std::vector<WorkerWatch> workers, std::vector<PortWatch> ports)
    : workers_(std::move(workers)),
      ports_(std::move(ports)),
      seen_(workers_.size()),
      sending_(ports_.size()) {}

const std::string& Watchdog::check(Time now) {
  const bool late = now - last_ > kEvery * 2;
  last_ = now;
  std::string fault;
  for (size_t i = 0; i < workers_.size(); ++i) {
    if (late) seen_[i] = {workers_[i].rounds(), now};
    if (fault.empty() && worker_stands(i, now))
      fault = workers_[i].name + " has not been round its loop for 200 ms";
  }
  for (size_t i = 0; i < ports_.size(); ++i) {
    if (late) sending_[i] = {ports_[i].sent(), ports_[i].refused(), kNever, now};
    if (fault.empty() && port_stands(i, now))
      fault = ports_[i].name + " sends nothing of what it is given";
  }
  // What was wrong stays so until something has moved: a late call has seen nothing move.
  if (!late || fault_.empty()) fault_ = std::move(fault);
  return fault_;
}

bool Watchdog::worker_stands(size_t index, Time now) {
  const uint64_t rounds = workers_[index].rounds();
  Seen& seen = seen_[index];
  if (rounds != seen.value) seen = {rounds, now};
  return now - seen.since >= kPatience;
}

bool Watchdog::port_stands(size_t index, Time now) {
  const uint64_t sent = ports_[index].sent();
  const uint64_t refused = ports_[index].refused();
  Sending& was = sending_[index];
  const bool moved = sent != was.sent;
  if (refused != was.refused) {
    was.refused_at = now;
    if (was.stuck_since == kNever) was.stuck_since = now;
  }
  if (moved || now - was.refused_at >= kForgive) was.stuck_since = kNever;
  was.sent = sent;
  was.refused = refused;
  return was.stuck_since != kNever && now - was.stuck_since >= kPatience;
}

}  // namespace lbd::vrrp
