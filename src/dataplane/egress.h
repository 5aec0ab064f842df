// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "dataplane/ids.h"
#include "dataplane/messages.h"
#include "dataplane/verdict.h"

struct rte_mbuf;

namespace lbd {

struct FragmentNote;
/// How many notices may be on their way from one worker to another.
inline constexpr unsigned kNoticeRing = 4096;

/// Where a pipeline's packets leave to. The worker implements it with queues and rings; whoever
/// runs a pipeline by itself brings his own. Called once for many packets, never once for each.
class Egress {
 public:
  virtual ~Egress() = default;

  /// Takes the first so many of `n` packets, which are no longer the caller's; returns how many.
  virtual uint16_t transmit(PortIndex port, rte_mbuf** mbufs, uint16_t n) = 0;
  /// What transmit's success is: kForwarded, or kHandedOff where another worker has the queue.
  virtual Verdict transmit_verdict(PortIndex port) const = 0;
  /// To the tap thread; mbuf->port is a PortIndex. False where the ring is full.
  virtual bool punt(rte_mbuf* mbuf, bool priority) = 0;
  /// To another worker, which runs them through its pipeline. Returns how many were taken.
  virtual uint16_t hand_off(WorkerIndex worker, rte_mbuf** mbufs, uint16_t n) = 0;
  /// Notices about replies (reply_directory.h) to another worker; false where its ring is full.
  virtual bool notify(WorkerIndex worker, uint64_t notice) = 0;
  /// True where the next notify() succeeds.
  virtual bool can_notify(WorkerIndex worker) const = 0;
  /// At most `n` notices from another worker; returns how many.
  virtual unsigned take_notices(WorkerIndex worker, uint64_t* notices, unsigned n) = 0;
  /// To the worker of a datagram's fragments; false where its queue is full.
  virtual bool tell(WorkerIndex worker, const FragmentNote& note) = 0;
  /// A packet buffer for a reply of lbd's own, or null.
  virtual rte_mbuf* allocate() = 0;
  /// Lost where the queue is full: the next packet asks again.
  virtual void request_neighbour(const NeighbourRequest& request) = 0;
};

}  // namespace lbd
