// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/address.h"
#include "dataplane/forward/method.h"

namespace lbd {

/// What is known of a real server besides its turn and its next hop. In the snapshot, by ServerId.
struct Target {
  Forwarding forwarding = Forwarding::kDr;  // of new connections
  IpAddress address;
  uint16_t port = 0;  // host order; 0: the port that the client used
};

}  // namespace lbd
