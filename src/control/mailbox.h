// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "dataplane/dataplane.h"

namespace lbd {

/// Requests to workers that are under way. It owns them until they are done, whoever has lost
/// interest meanwhile. Destroy it after the data plane has stopped.
class Mailbox {
 public:
  using Done = std::function<void(WorkerRequest&)>;

  explicit Mailbox(Dataplane& dataplane) : dataplane_(dataplane) {}

  /// `done` runs in some later poll().
  void post(WorkerIndex worker, std::unique_ptr<WorkerRequest> request, Done done);
  /// One request of this kind for each worker; `done` runs once, after the last of them.
  void post_all(WorkerRequest::Kind kind, std::function<void()> done);
  /// Calls what is done; returns how many requests are still under way.
  size_t poll();
  bool empty() const { return letters_.empty(); }

 private:
  struct Letter {
    WorkerIndex worker;
    std::unique_ptr<WorkerRequest> request;
    Done done;
    bool submitted;
  };
  Dataplane& dataplane_;
  std::deque<Letter> letters_;
};

}  // namespace lbd
