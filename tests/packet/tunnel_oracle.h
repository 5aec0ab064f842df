// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "oracle.h"
#include "topology.h"

namespace lbd::test {

/// What a frame to a server by a tunnel carries, as if it had come by itself, and what is wrong
/// with its outer headers; empty: nothing.
struct TunnelCheck {
  Bytes inner;
  std::string fault;
};

/// Takes the outer headers off as the RFCs say (2003, 2473, 4213; 2784; gue) and checks each field:
/// addresses, lengths, checksums, TOS, TTL and DF against those of the packet inside.
TunnelCheck take_off_tunnel(const Bytes& frame, const ServerSpec& server, const PortSpec& port);

}  // namespace lbd::test
