// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace lbd {

enum class SchedulerKind : uint8_t {
  kRr,
  kWrr,
  kLc,
  kWlc,
  kSed,
  kNq,
  kFo,
  kOvf,
  kTwos,
  kSh,
  kDh,
  kMh,
  kLblc,
  kLblcr,
};

inline constexpr std::array<std::string_view, 14> kSchedulerNames{
    "rr", "wrr", "lc", "wlc", "sed", "nq", "fo", "ovf", "twos", "sh", "dh", "mh", "lblc", "lblcr"};

constexpr std::string_view name_of(SchedulerKind kind) {
  return kSchedulerNames[static_cast<unsigned>(kind)];
}

/// Decision 6: it compares connections over all workers.
constexpr bool compares_loads(SchedulerKind kind) {
  switch (kind) {
    case SchedulerKind::kRr:
    case SchedulerKind::kWrr:
    case SchedulerKind::kFo:
    case SchedulerKind::kSh:
    case SchedulerKind::kDh:
    case SchedulerKind::kMh:
      return false;
    default:
      return true;
  }
}

/// sh and mh.
struct SchedulerOptions {
  bool fallback = false;       // sh-fallback, mh-fallback: another server where the own one is out
  bool port = false;           // sh-port, mh-port: the client's port counts too
  uint32_t table_size = 4093;  // mh: a prime up to 131071
  bool operator==(const SchedulerOptions&) const = default;
};

}  // namespace lbd
