// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataplane/connection_tracker.h"
#include "dataplane/worker_context.h"

namespace lbd {

/// The stage that names a real server for a new connection.
class Scheduling {
 public:
  Scheduling(WorkerContext& context, ConnectionTracker& connections)
      : context_(context), connections_(connections) {}

  /// Null where no server takes connections. Of a server with a maximum of connections one is
  /// reserved (ConnectionTracker::reserve). `state`: in which the connection will begin.
  const Candidate* choose(const Service& service, const FlowKey& key, uint8_t state);

 private:
  WorkerContext& context_;
  ConnectionTracker& connections_;
};

}  // namespace lbd
