// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "control/mailbox.h"
#include "dataplane/snapshot.h"

namespace lbd {

/// Has the clients of servers asked whose connections are to be reset, so that they hear of it now
/// and not when they next send something. Control thread.
class ResetProbes {
 public:
  ResetProbes(Dataplane& dataplane, Mailbox& mailbox) : dataplane_(dataplane), mailbox_(mailbox) {}

  /// After each publication. The workers ask once all of them have `now`.
  void published(const Snapshot& before, const Snapshot& now);

 private:
  Dataplane& dataplane_;
  Mailbox& mailbox_;
  /// The publisher outlives this and may still call what was retired.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lbd
