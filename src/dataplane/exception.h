// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "common/result.h"
#include "dataplane/ids.h"

struct rte_ring;
struct rte_mempool;

// The exception path: rings between each worker and the tap thread. One ring a worker and
// direction, single producer and single consumer, so a preempted thread blocks nobody. mbuf->port
// is a PortIndex on all of them.
namespace lbd {

struct ExceptionRings {
  rte_ring* priority = nullptr;  // worker -> tap: VRRP, ARP, neighbour discovery
  rte_ring* bulk = nullptr;      // worker -> tap: the rest, policed by the worker
  rte_ring* from_tap = nullptr;  // tap -> worker: to be sent on mbuf->port as they are
};

/// What the tap thread needs.
struct ExceptionPath {
  std::vector<ExceptionRings> workers;
  /// The tap thread's own buffers, so that neither side can starve the other.
  rte_mempool* pool = nullptr;
};

}  // namespace lbd
