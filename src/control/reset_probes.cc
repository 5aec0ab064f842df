// SPDX-License-Identifier: Apache-2.0
#include "control/reset_probes.h"

namespace lbd {
namespace {

bool resets_more(const Snapshot& before, const Snapshot& now) {
  for (size_t id = 0; id < now.fates.size(); ++id) {
    const bool known = id < before.fates.size() && before.fates[id] == Fate::kReset;
    if (now.fates[id] == Fate::kReset && !known) return true;
  }
  return false;
}

}  // namespace

void ResetProbes::published(const Snapshot& before, const Snapshot& now) {
  if (!now.partings || !resets_more(before, now)) return;
  dataplane_.publisher().retire([this, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired()) return;
    mailbox_.post_all(WorkerRequest::Kind::kProbeClients, [] {});
  });
}

}  // namespace lbd
