// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "topology.h"
#include "yaml_tools.h"

namespace lbd::test {

/// Reads the form of defaults.yaml. Throws BadCase.
Topology read_topology(const YAML::Node& node);
/// The index of the port of this name.
PortIndex read_port(const YAML::Node& name, const Topology& topology);

}  // namespace lbd::test
