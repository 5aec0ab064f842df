// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "dataplane/snapshot.h"
#include "names.h"
#include "topology.h"

namespace lbd::test {

/// The snapshot that stands for a topology, following `before` (null at first). Servers that
/// `names` knows and that are gone are marked as purged.
std::shared_ptr<const Snapshot> make_snapshot(const Topology& topology, Names& names,
                                              const Snapshot* before);

}  // namespace lbd::test
