// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataplane/packet.h"
#include "dataplane/reply.h"
#include "dataplane/transmitter.h"

namespace lbd {

/// Direct routing: the packet goes to the real server's MAC address as it is, but for the TTL (or
/// hop limit), which is one less, as behind any router. A packet whose TTL is used up, or that is
/// longer than the way's MTU, is answered with an ICMP error and dropped. Returns false, and sends
/// nothing, for those: `verdict` then says which. `packet.mbuf` is the transmitter's on success.
class DirectRouting {
 public:
  DirectRouting(const WorkerContext& context, Transmitter& transmitter, Replier& replier)
      : context_(context), transmitter_(transmitter), replier_(replier) {}

  bool forward(Packet& packet, NextHopId next_hop);

 private:
  const WorkerContext& context_;
  Transmitter& transmitter_;
  Replier& replier_;
};

}  // namespace lbd
