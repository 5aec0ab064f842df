// SPDX-License-Identifier: Apache-2.0
#include "dataplane/worker.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>
#include <sys/prctl.h>
#include <time.h>

#include <utility>

namespace lbd {
namespace {

/// Time-outs looked at per loop: enough for 10 million new connections a second, little enough not
/// to delay a burst.
constexpr uint32_t kExpireBudget = 64;
/// With idle: sleep, how long nothing must have come before a nap, and how long that is. Together
/// with the kernel's timer slack a nap stays below 100 us.
constexpr uint64_t kIdleMicroseconds = 50;
constexpr long kNapNanoseconds = 50'000;
/// Notes on fragments per loop, as long as little else is to do.
constexpr unsigned kMaxNotes = 1024;
/// Frames from the kernel twin per loop.
constexpr unsigned kFromTapBurst = 32;

}  // namespace

Worker::Worker(const WorkerParts& parts, ConnectionTable table, FlowIndex replies)
    : parts_(parts),
      context_(parts_.context),
      hz_(rte_get_tsc_hz()),
      cycles_per_tick_(hz_ / 1000 * kTickMs),
      next_tick_(rte_rdtsc() + cycles_per_tick_),
      connections_(std::move(table), ReplyDirectory(context_, *parts.owner, replies),
                   parts.timeouts, parts.half_open_quota, context_),
      pipeline_(context_, connections_, *parts.owner, *parts.local_ports, parts.fragments, hz_),
      requests_handler_(context_, connections_, pipeline_) {
  context_.egress = this;
  const PortTable& ports = *context_.ports;
  for (unsigned i = 0; i < ports.count; ++i) {
    const auto port = static_cast<PortIndex>(i);
    for (uint16_t queue = 0; queue < ports[port].rx_queues; ++queue)
      if (queue_worker(port, queue, context_.workers) == context_.index)
        rx_.push_back({port, ports[port].ethdev, queue});
    tx_queue_[port] = tx_queue(port, ports[port], context_.index, context_.workers);
    tx_worker_[port] = tx_worker(port, ports[port], context_.index, context_.workers);
    transmit_verdict_[port] = tx_queue_[port] >= 0 ? Verdict::kForwarded : Verdict::kHandedOff;
  }
}

void Worker::run(const std::atomic<bool>& stop) {
  // Naps are to be as short as asked for; a worker that polls does not mind.
  prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  parts_.publisher->online(context_.index);
  while (!stop.load(std::memory_order_relaxed)) {
    read_clock();
    context_.snapshot = parts_.publisher->pointer().load(std::memory_order_acquire);
    context_.counters->generation.set(context_.snapshot->generation);
    const unsigned work = poll_devices() + poll_rings() + housekeeping();
    pipeline_.end_loop();
    parts_.publisher->quiescent(context_.index);

    const uint64_t spent = rte_rdtsc() - context_.tsc;
    context_.counters->total_cycles.add(spent);
    if (work != 0) {
      context_.counters->busy_cycles.add(spent);
      idle_since_ = context_.tsc;
    } else if (parts_.idle_sleep &&
               context_.tsc - idle_since_ > hz_ / 1'000'000 * kIdleMicroseconds) {
      nap();
    }
  }
  parts_.publisher->offline(context_.index);
}

void Worker::read_clock() {
  context_.tsc = rte_rdtsc();
  while (context_.tsc >= next_tick_) {
    ++context_.now;
    next_tick_ += cycles_per_tick_;
  }
}

unsigned Worker::poll_devices() {
  unsigned received = 0;
  rte_mbuf* mbufs[kMaxBurst];
  for (const RxQueue& rx : rx_) {
    const uint16_t n = rte_eth_rx_burst(rx.ethdev, rx.queue, mbufs, kMaxBurst);
    if (n == 0) continue;
    pipeline_.receive(mbufs, n, rx.port);
    received += n;
  }
  return received;
}

unsigned Worker::poll_rings() {
  unsigned taken = 0;
  rte_mbuf* mbufs[kMaxBurst];
  auto** const objects = reinterpret_cast<void**>(mbufs);
  for (const PeerRings& peer : parts_.from) {
    if (peer.flows != nullptr) {
      const unsigned n = rte_ring_sc_dequeue_burst(peer.flows, objects, kMaxBurst, nullptr);
      if (n != 0) pipeline_.take_over(mbufs, n);
      taken += n;
    }
    if (peer.notes != nullptr) {
      FragmentNote note;
      for (; taken < kMaxNotes && peer.notes->pop(note); ++taken) pipeline_.hear(note);
    }
    if (peer.frames != nullptr) {
      const unsigned n = rte_ring_sc_dequeue_burst(peer.frames, objects, kMaxBurst, nullptr);
      if (n != 0) pipeline_.send_frames(mbufs, n, Origin::kHandedIn);
      taken += n;
    }
  }
  const unsigned n =
      rte_ring_sc_dequeue_burst(parts_.exception.from_tap, objects, kFromTapBurst, nullptr);
  if (n != 0) pipeline_.send_frames(mbufs, n, Origin::kFromTap);
  return taken + n;
}

unsigned Worker::housekeeping() {
  unsigned work = connections_.expire(kExpireBudget);
  if (!requests_handler_.busy()) {
    WorkerRequest* request = nullptr;
    if (!requests.pop(request)) return work;
    requests_handler_.start(request);
  }
  requests_handler_.step();
  return work + 1;
}

void Worker::nap() {
  parts_.publisher->offline(context_.index);
  const uint64_t before = rte_rdtsc();
  const timespec duration{0, kNapNanoseconds};
  nanosleep(&duration, nullptr);
  context_.counters->total_cycles.add(rte_rdtsc() - before);
  parts_.publisher->online(context_.index);
}

uint16_t Worker::transmit(PortIndex port, rte_mbuf** mbufs, uint16_t n) {
  if (tx_queue_[port] >= 0)
    return rte_eth_tx_burst((*context_.ports)[port].ethdev, static_cast<uint16_t>(tx_queue_[port]),
                            mbufs, n);
  for (uint16_t i = 0; i < n; ++i) mbufs[i]->port = port;
  return static_cast<uint16_t>(rte_ring_sp_enqueue_burst(
      parts_.to[tx_worker_[port]].frames, reinterpret_cast<void**>(mbufs), n, nullptr));
}

bool Worker::punt(rte_mbuf* mbuf, bool priority) {
  rte_ring* ring = priority ? parts_.exception.priority : parts_.exception.bulk;
  return rte_ring_sp_enqueue(ring, mbuf) == 0;
}

uint16_t Worker::hand_off(WorkerIndex worker, rte_mbuf** mbufs, uint16_t n) {
  return static_cast<uint16_t>(rte_ring_sp_enqueue_burst(
      parts_.to[worker].flows, reinterpret_cast<void**>(mbufs), n, nullptr));
}

// A ring takes pointers; a notice has the size of one.
static_assert(sizeof(void*) == sizeof(uint64_t));

bool Worker::notify(WorkerIndex worker, uint64_t notice) {
  return rte_ring_sp_enqueue(parts_.to[worker].notices, reinterpret_cast<void*>(notice)) == 0;
}

bool Worker::can_notify(WorkerIndex worker) const {
  return rte_ring_free_count(parts_.to[worker].notices) != 0;
}

unsigned Worker::take_notices(WorkerIndex worker, uint64_t* notices, unsigned n) {
  return rte_ring_sc_dequeue_burst(parts_.from[worker].notices, reinterpret_cast<void**>(notices),
                                   n, nullptr);
}

bool Worker::tell(WorkerIndex worker, const FragmentNote& note) {
  return parts_.to[worker].notes->push(note);
}

rte_mbuf* Worker::allocate() {
  return rte_pktmbuf_alloc(parts_.replies);
}

void Worker::request_neighbour(const NeighbourRequest& request) {
  neighbour_requests.push(request);
}

}  // namespace lbd
