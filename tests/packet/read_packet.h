// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "buffers.h"
#include "frame_builder.h"
#include "read_topology.h"

namespace lbd::test {

/// The frames that one entry of `send` stands for (README.md has the keys). `in`: the port at which
/// they arrive. Throws BadCase.
std::vector<Input> read_packets(const YAML::Node& node, const Topology& topology, PortIndex in);
/// The frame that an entry with `becomes` must look like, before it is translated.
Bytes read_becomes(const YAML::Node& node, const Topology& topology, PortIndex in);

/// "198.51.100.9:4000", "[2001:db8::1]:80" or an address alone (port 0).
Endpoint read_endpoint(const YAML::Node& node);

/// Where a packet comes from and goes to: `from`, `to`, or the defaults of its family and protocol.
struct Ends {
  Endpoint from, to;
};
Ends read_ends(const YAML::Node& node);

}  // namespace lbd::test
