// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <unordered_map>

#include "control/desired_state.h"
#include "dataplane/dataplane.h"

namespace lbd {

/// What one real server or service has had: summed over workers.
struct Traffic {
  uint64_t connections = 0;
  uint64_t packets_in = 0, packets_out = 0;
  uint64_t bytes_in = 0, bytes_out = 0;
  uint64_t active = 0, inactive = 0;  // connections now

  Traffic& operator+=(const Traffic& other);
};

/// Reads and keeps the counters of real servers. What released servers have had stays with their
/// service as long as that lives.
class Statistics {
 public:
  explicit Statistics(Dataplane& dataplane) : dataplane_(dataplane) {}

  Traffic of(const RealServer& server) const { return read(server.id); }
  Traffic of(const VirtualService& service) const;
  /// Moves a server's figures to its service and clears its slot for the next owner. Only once no
  /// worker can count there any more.
  void retire(ServiceId service, ServerId server);
  /// Forgets services whose slots are free.
  void forget_released(const DesiredState& state);

 private:
  Traffic read(ServerId server) const;

  Dataplane& dataplane_;
  std::unordered_map<ServiceId, Traffic> retired_;
};

}  // namespace lbd
