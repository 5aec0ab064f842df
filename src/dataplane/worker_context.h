// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "dataplane/counters.h"
#include "dataplane/egress.h"
#include "dataplane/held_flags.h"
#include "dataplane/ids.h"
#include "dataplane/next_hop.h"
#include "dataplane/port_table.h"
#include "dataplane/routing.h"
#include "dataplane/snapshot.h"
#include "dataplane/tick.h"

namespace lbd {

/// What the stages of one worker share. The worker refreshes clock and snapshot once a loop.
struct WorkerContext {
  WorkerIndex index = 0;
  unsigned workers = 1;
  uint64_t tsc = 0;  // CPU time stamp at the loop's start
  Tick now = 0;
  bool sloppy_tcp = false;  // dataplane.sloppy_tcp
  const Snapshot* snapshot = nullptr;

  Egress* egress = nullptr;
  WorkerCounters* counters = nullptr;
  GrowingArray<ServerCounters>* servers = nullptr;
  ConnectionCounts* exact = nullptr;
  const PortTable* ports = nullptr;
  const NextHopTable* next_hops = nullptr;
  const Routing* routing = nullptr;
  const HeldFlags* held = nullptr;

  void count(PortIndex port, Verdict verdict, uint64_t n = 1) {
    counters->ports[port].verdicts[static_cast<unsigned>(verdict)].add(n);
  }
  void count(PortIndex port, Origin origin, uint64_t n = 1) {
    counters->ports[port].origins[static_cast<unsigned>(origin)].add(n);
  }
  void count(Event event, uint64_t n = 1) { counters->events[static_cast<unsigned>(event)].add(n); }
};

}  // namespace lbd
