// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataplane/connection_tracker.h"
#include "dataplane/verdict.h"
#include "dataplane/worker_context.h"

namespace lbd {

/// The stage that lets a new connection in and names its real server: limits, then persistence,
/// then the scheduler.
class Scheduling {
 public:
  /// `hz`: frequency of WorkerContext::tsc.
  Scheduling(WorkerContext& context, ConnectionTracker& connections, uint64_t hz)
      : context_(context), connections_(connections), hz_(hz) {}

  /// kForwarded where the limits of new connections a second let this one in; else the reason.
  Verdict admit(const Service& service, const FlowKey& key);

  /// Null where no server takes connections. Of a server with a maximum of connections one is
  /// reserved (ConnectionTracker::reserve). `state`: in which the connection will begin.
  const Candidate* choose(const Service& service, const FlowKey& key, uint8_t state);

 private:
  const Candidate* schedule(const Service& service, const FlowKey& key, uint8_t state);
  const Candidate* take(const Service& service, ServerId server, uint8_t state);

  WorkerContext& context_;
  ConnectionTracker& connections_;
  uint64_t hz_;
};

}  // namespace lbd
