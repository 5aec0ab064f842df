// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "dataplane/packet.h"

namespace lbd {

/// Lowers the MSS option of a TCP packet with SYN to `limit`, where it has one that is greater, and
/// then by `less`, where that leaves something; the checksum is updated (RFC 1624). An option list
/// that is broken is left alone.
void clamp_mss(const Packet& packet, uint16_t limit, unsigned less = 0);

}  // namespace lbd
