// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "common/spsc_queue.h"
#include "dataplane/egress.h"
#include "dataplane/exception.h"
#include "dataplane/pipeline.h"
#include "dataplane/publish.h"
#include "dataplane/request_handler.h"
#include "dataplane/worker_context.h"

struct rte_mempool;
struct rte_ring;

namespace lbd {

/// Notes on fragments that may be under way from one worker to another.
using FragmentNotes = SpscQueue<FragmentNote, 256>;

/// Rings from one worker to another; null for a worker to itself and where none is needed.
struct PeerRings {
  rte_ring* flows = nullptr;    // packets whose flow the other one owns
  rte_ring* frames = nullptr;   // frames that the other one is to send on mbuf->port
  rte_ring* notices = nullptr;  // about replies (reply_directory.h), in place of pointers
  FragmentNotes* notes = nullptr;
};

/// What a worker is made of; the pieces belong to Dataplane and outlive it.
struct WorkerParts {
  WorkerContext context;
  const Owner* owner = nullptr;
  const LocalPortTable* local_ports = nullptr;
  Publisher* publisher = nullptr;
  ExceptionRings exception;
  rte_mempool* replies = nullptr;  // buffers for packets of its own
  std::vector<PeerRings> to;       // by WorkerIndex
  std::vector<PeerRings> from;     // by WorkerIndex
  bool idle_sleep = false;
  TimeoutsMs timeouts;
  uint32_t half_open_quota = 0;
  FragmentLimits fragments;
};

/// One poll-mode worker: receive, pipeline, transmit, housekeeping, for ever. Its loop never blocks
/// (with idle: sleep, it naps when nothing has come for a while, offline as a reader).
class Worker : private Egress {
 public:
  /// `replies`: from ReplyDirectory::make_index.
  Worker(const WorkerParts& parts, ConnectionTable table, FlowIndex replies);

  /// On the worker's lcore, until `stop` is set.
  void run(const std::atomic<bool>& stop);

  /// Control's mailboxes.
  SpscQueue<WorkerRequest*, 64> requests;
  SpscQueue<NeighbourRequest, 64> neighbour_requests;

 private:
  struct RxQueue {
    PortIndex port;
    uint16_t ethdev;
    uint16_t queue;
  };

  unsigned poll_devices();
  unsigned poll_rings();
  unsigned housekeeping();
  void read_clock();
  void nap();

  uint16_t transmit(PortIndex port, rte_mbuf** mbufs, uint16_t n) override;
  Verdict transmit_verdict(PortIndex port) const override { return transmit_verdict_[port]; }
  bool punt(rte_mbuf* mbuf, bool priority) override;
  uint16_t hand_off(WorkerIndex worker, rte_mbuf** mbufs, uint16_t n) override;
  bool notify(WorkerIndex worker, uint64_t notice) override;
  bool can_notify(WorkerIndex worker) const override;
  unsigned take_notices(WorkerIndex worker, uint64_t* notices, unsigned n) override;
  bool tell(WorkerIndex worker, const FragmentNote& note) override;
  rte_mbuf* allocate() override;
  void request_neighbour(const NeighbourRequest& request) override;

  WorkerParts parts_;
  WorkerContext& context_;  // parts_.context
  uint64_t hz_;
  uint64_t cycles_per_tick_;
  uint64_t next_tick_;
  std::vector<RxQueue> rx_;
  std::array<int, kMaxPorts> tx_queue_{};
  std::array<WorkerIndex, kMaxPorts> tx_worker_{};
  std::array<Verdict, kMaxPorts> transmit_verdict_{};
  ConnectionTracker connections_;
  Pipeline pipeline_;
  RequestHandler requests_handler_;
  uint64_t idle_since_ = 0;
};

}  // namespace lbd
