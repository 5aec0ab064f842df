// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>

#include "dataplane/ids.h"
#include "dataplane/snapshot.h"

struct rte_rcu_qsbr;

namespace lbd {

/// Publishes what workers read and frees what they have left behind (rte_rcu_qsbr). All calls but
/// those of Reader come from the control thread. Nothing here waits: retired things are freed by
/// collect(), once every online worker has been through a quiescent state.
class Publisher {
 public:
  explicit Publisher(unsigned workers);
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  /// Makes `next` the snapshot that workers see from their next burst on; retires the present one.
  void publish(std::shared_ptr<const Snapshot> next);
  /// The present one; never null (an empty one of generation 0 at first).
  const std::shared_ptr<const Snapshot>& current() const { return current_; }
  /// What workers load once a burst.
  const std::atomic<const Snapshot*>& pointer() const { return pointer_; }

  /// `free` runs in some later collect(), after a grace period.
  void retire(std::function<void()> free);
  /// Frees what no worker can still see; returns how much still waits. Call it every few ms while
  /// that is not 0.
  size_t collect();

  // Worker side. `worker` reports itself; a worker that sleeps is offline and holds up nobody.
  void online(WorkerIndex worker);
  void offline(WorkerIndex worker);
  void quiescent(WorkerIndex worker);

 private:
  struct Retired {
    uint64_t token;
    std::function<void()> free;
  };
  struct Free {
    void operator()(rte_rcu_qsbr* qsbr) const;
  };
  std::unique_ptr<rte_rcu_qsbr, Free> qsbr_;
  std::shared_ptr<const Snapshot> current_;
  std::atomic<const Snapshot*> pointer_{nullptr};
  std::deque<Retired> retired_;
};

}  // namespace lbd
