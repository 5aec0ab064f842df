// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataplane/connection_tracker.h"
#include "dataplane/messages.h"
#include "dataplane/pipeline.h"
#include "dataplane/worker_context.h"

namespace lbd {

/// Works off what control asks of a worker, a bounded piece at a time.
class RequestHandler {
 public:
  RequestHandler(WorkerContext& context, ConnectionTracker& connections, Pipeline& pipeline)
      : context_(context), connections_(connections), pipeline_(pipeline) {}

  bool busy() const { return request_ != nullptr; }
  void start(WorkerRequest* request) {
    request_ = request;
    server_ = 0;
  }
  /// One piece of the present request; sets its `done` after the last.
  void step();

 private:
  bool dump();
  bool purge();
  bool probe_clients();
  bool sync_exact();
  bool matches(const Connection& connection) const;
  ConnectionRow row(const Connection& connection) const;

  WorkerContext& context_;
  ConnectionTracker& connections_;
  Pipeline& pipeline_;
  WorkerRequest* request_ = nullptr;
  ServerId server_ = 0;  // kSyncExact: the next one
};

}  // namespace lbd
