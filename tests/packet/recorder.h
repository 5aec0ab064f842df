// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <vector>

#include "buffers.h"
#include "dataplane/egress.h"
#include "topology.h"

namespace lbd::test {

/// What left the workers.
struct Sent {
  WorkerIndex worker;
  PortIndex port;
  Bytes frame;
};
struct Punted {
  PortIndex port;
  bool priority;
  Bytes frame;
};
struct Record {
  std::vector<Sent> sent;
  std::vector<Punted> punted;
  std::vector<NeighbourRequest> neighbour_requests;
  unsigned replies_allocated = 0;
};

/// Packets on their way from one worker to another.
struct Mailbox {
  std::map<WorkerIndex, std::deque<uint64_t>> notices;  // by sender
  std::deque<rte_mbuf*> flows;
  std::deque<rte_mbuf*> frames;
  std::deque<FragmentNote> notes;
};

/// A worker's Egress that keeps what comes: devices, tap thread and the other workers in one. It
/// copies and frees packets at once, so a packet that is in use afterwards has been forgotten.
class Recorder : public Egress {
 public:
  Recorder(WorkerIndex worker, const Topology& topology, std::vector<Mailbox>& mailboxes,
           Record& record);

  uint16_t transmit(PortIndex port, rte_mbuf** mbufs, uint16_t n) override;
  Verdict transmit_verdict(PortIndex port) const override;
  bool punt(rte_mbuf* mbuf, bool priority) override;
  uint16_t hand_off(WorkerIndex worker, rte_mbuf** mbufs, uint16_t n) override;
  bool notify(WorkerIndex worker, uint64_t notice) override;
  bool can_notify(WorkerIndex worker) const override;
  unsigned take_notices(WorkerIndex worker, uint64_t* notices, unsigned n) override;
  bool tell(WorkerIndex worker, const FragmentNote& note) override;
  rte_mbuf* allocate() override;
  void request_neighbour(const NeighbourRequest& request) override;

 private:
  /// The worker that has the transmit queue.
  WorkerIndex sender_for(PortIndex port) const;
  uint16_t mail(std::deque<rte_mbuf*>& box, rte_mbuf** mbufs, uint16_t n);

  WorkerIndex worker_;
  const Topology& topology_;
  std::vector<Mailbox>& mailboxes_;
  Record& record_;
};

}  // namespace lbd::test
