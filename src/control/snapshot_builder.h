// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "control/desired_state.h"
#include "dataplane/snapshot.h"

namespace lbd {

/// An address on a port's TAP, whoever put it there.
struct OwnAddress {
  PortIndex port = 0;
  IpAddress address;
  bool pool = false;  // of the port's local_addresses
  bool operator==(const OwnAddress&) const = default;
};

struct SnapshotInputs {
  const DesiredState& state;
  /// The first of a port is the one that its ICMP errors come from, VIPs and link-local ones aside.
  const std::vector<OwnAddress>& local_addresses;
  /// The snapshot that the new one replaces: Service objects that need no change are shared with
  /// it, so that their schedulers' positions go on; and what follows from services that the states
  /// share is taken over.
  const Snapshot& before;
  unsigned workers = 1;
};

/// The next snapshot, of the generation after `before`. Touches nothing but its inputs: it may run
/// on any thread.
std::shared_ptr<const Snapshot> build_snapshot(const SnapshotInputs& inputs);

}  // namespace lbd
