// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "control/mailbox.h"
#include "control/statistics.h"
#include "control/updater.h"

namespace lbd {

/// Sees removed servers off: waits until their connections have ended or their time is up, has
/// workers remove the rest, and gives the slots back.
///
/// Order: publish a snapshot that calls the servers purged; after a grace period every worker has
/// it and opens no connection to them; each worker removes what it has (kPurge); the figures move
/// to the service, the next hops are given back; publish a state in which the slots are free.
class Purger {
 public:
  struct Parts {
    Dataplane& dataplane;
    Updater& updater;
    Mailbox& mailbox;
    Statistics& statistics;
    std::function<void(NextHopId)> release_next_hop;
  };
  explicit Purger(Parts parts) : parts_(std::move(parts)) {}

  /// About every 100 ms.
  void tick(Clock::time_point now);

 private:
  std::vector<ServerId> due(Clock::time_point now) const;
  void after_publish(const std::vector<ServerId>& ids);
  void after_purge(const std::vector<ServerId>& ids);

  Parts parts_;
  bool busy_ = false;
  /// The publisher outlives this and may still call what was retired.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// A removed server without connections is kept so long all the same: packets that were on their
/// way through a worker when it was removed have found their place by then.
inline constexpr std::chrono::milliseconds kLeastDrain{1000};

}  // namespace lbd
