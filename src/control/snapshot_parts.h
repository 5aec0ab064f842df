// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unordered_set>
#include <vector>

#include "control/snapshot_builder.h"

// The parts of a snapshot that build_snapshot() puts together.
namespace lbd {

using AddressSet = std::unordered_set<IpAddress>;

/// A service that is another object than in the state before; null where there is none.
struct ServiceChange {
  const VirtualService* before;
  const VirtualService* now;
};
using ServiceChanges = std::vector<ServiceChange>;

/// A real server with an address of this host is the director itself, wherever the address came
/// from (the file, VRRP, an operator).
Forwarding forwarding_of(const RealServer& server, const AddressSet& own);

/// What is told by ServerId, and who answers; next.services are set already. `base`: the snapshot
/// from which everything but `changes` is taken over, or null; then changes name every service.
/// `before`: the one that is replaced in any case, for tunnels.
void set_servers(Snapshot& next, const Snapshot* base, const Snapshot& before,
                 const DesiredState& state, const ServiceChanges& changes, const AddressSet& own);

/// Of all services' addresses, local ones and those of VRRP instances.
AddressTable address_table(const DesiredState& state, const std::vector<OwnAddress>& local);
/// Whether that can be another table than before.
bool addresses_change(const ServiceChanges& changes);

}  // namespace lbd
