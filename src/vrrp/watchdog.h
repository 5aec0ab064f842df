// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "vrrp/timers.h"

// Whether the fast path lives: a director that forwards nothing is no master. Pure but for the
// readers, which must not wait.
namespace lbd::vrrp {

/// A worker: a number that changes whenever it has been round its loop.
struct WorkerWatch {
  std::string name;
  std::function<uint64_t()> rounds;
};

/// A port: frames that its device took, and frames that it refused.
struct PortWatch {
  std::string name;
  std::function<uint64_t()> sent;
  std::function<uint64_t()> refused;
};

class Watchdog {
 public:
  Watchdog(std::vector<WorkerWatch> workers, std::vector<PortWatch> ports);

  /// To be called every kEvery. What is wrong, or empty. A call that comes late (the machine slept,
  /// or this process was stopped) begins anew: nobody could move meanwhile.
  const std::string& check(Time now);

  static constexpr Time kEvery{50'000'000};
  static constexpr Time kPatience{200'000'000};

 private:
  struct Seen {
    uint64_t value = 0;
    Time since{0};
  };
  struct Sending {
    uint64_t sent = 0;
    uint64_t refused = 0;
    Time stuck_since = kNever;  // kNever: it sends
    Time refused_at{0};
  };
  bool worker_stands(size_t index, Time now);
  bool port_stands(size_t index, Time now);

  std::vector<WorkerWatch> workers_;
  std::vector<PortWatch> ports_;
  std::vector<Seen> seen_;
  std::vector<Sending> sending_;
  Time last_{0};
  std::string fault_;
};

}  // namespace lbd::vrrp
