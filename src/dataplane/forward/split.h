// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataplane/packet.h"
#include "dataplane/worker_context.h"

struct rte_mbuf;

namespace lbd {

/// Takes the first piece that fits into `mtu` off an IPv6 packet that has a fragment header right
/// behind its own, is longer than that and in one buffer (RFC 8200 4.5). The packet keeps what
/// follows and remains one. Null where there is no buffer for the piece.
rte_mbuf* split_off(Packet& packet, uint16_t mtu, const WorkerContext& context);

}  // namespace lbd
