// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/address.h"
#include "dataplane/packet.h"
#include "dataplane/virtual_macs.h"

namespace lbd {

/// Reads a frame and checks every claim before it is believed: lengths, header lengths, extension
/// headers, the IPv4 header checksum where the device did not. Fills `packet` but for `in`, and
/// `key` where the packet is a flow. `packet.mbuf` is set by the caller. Only the first segment is
/// looked at: headers must lie in it.
void parse(Packet& packet, FlowKey& key, const MacAddress& port_mac,
           const VirtualMacs& virtual_macs);

}  // namespace lbd
