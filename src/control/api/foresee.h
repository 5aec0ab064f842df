// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "dataplane/snapshot.h"

namespace lbd::api {

/// Which real server a new connection would get, as far as anybody but its worker can tell.
struct Choice {
  const Candidate* server = nullptr;  // null: only the worker knows, or none takes connections
  std::string reason;
};

/// Nothing moves: turns are not taken, caches not written.
Choice foresee(const Service& service, const FlowKey& key, const ConnectionCounts& counts);

}  // namespace lbd::api
