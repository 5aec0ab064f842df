// SPDX-License-Identifier: Apache-2.0
#include "dataplane/transmitter.h"

#include <rte_mbuf.h>

#include <algorithm>

namespace lbd {
namespace {

constexpr uint64_t kHeldMs = 1000;            // longer than the kernel's first two solicitations
constexpr uint64_t kHeldChecksPerSec = 5000;  // every 0.2 ms

}  // namespace

Transmitter::Transmitter(WorkerContext& context, uint64_t hz)
    : context_(context), held_time_(hz / 1000 * kHeldMs), held_interval_(hz / kHeldChecksPerSec) {
  for (unsigned port = 0; port < context.ports->count; ++port) {
    std::memcpy(&ports_[port].mac, context.ports->ports[port].mac.bytes.data(), 6);
    ports_[port].mtu = context.ports->ports[port].mtu;
  }
}

void Transmitter::drop(rte_mbuf* mbuf, Verdict verdict, PortIndex port) {
  context_.count(port, verdict);
  rte_pktmbuf_free(mbuf);
}

void Transmitter::send_unresolved(rte_mbuf* mbuf, NextHopId id, NextHopState state, PortIndex in) {
  if (state == NextHopState::kFailed) return drop(mbuf, Verdict::kNeighbourFailed, in);
  if (state != NextHopState::kIncomplete) return drop(mbuf, Verdict::kNoRoute, in);
  hold({mbuf, id, 0, in, {}, 0});
}

void Transmitter::send_routed(rte_mbuf* mbuf, const IpAddress& destination, uint32_t flow_hash,
                              PortIndex in) {
  const RouteAnswer route = find_route(*context_.routing, destination, flow_hash);
  if (!route.found) return drop(mbuf, Verdict::kNoRoute, in);
  const bool known = route.next_hop != kNoId;
  // One that did not answer before may answer now: nobody else would ask again.
  if (!known || context_.next_hops->get(route.next_hop).state == NextHopState::kFailed)
    context_.egress->request_neighbour({route.neighbour, route.port});
  if (known) return send(mbuf, route.next_hop, in);
  hold({mbuf, kNoId, route.port, in, route.neighbour, 0});
}

void Transmitter::hold(Held held) {
  const auto same = [&held](const Held& other) {
    return other.next_hop == held.next_hop && other.port == held.port &&
           other.neighbour == held.neighbour;
  };
  const auto end = held_.begin() + held_count_;
  if (held_count_ == kHeldMax || std::count_if(held_.begin(), end, same) >= kHeldPerNeighbour)
    return drop(held.mbuf, Verdict::kNeighbourQueueFull, held.in);
  held.deadline = context_.tsc + held_time_;
  held_[held_count_++] = held;
  context_.counters->held.add(1);
}

/// True where the packet has left the queue, one way or another.
bool Transmitter::release(const Held& held) {
  NextHopId id = held.next_hop;
  if (id == kNoId) {
    const NeighbourMap* known =
        context_.routing->neighbours[held.port].load(std::memory_order_acquire);
    const auto found =
        known == nullptr ? NeighbourMap::const_iterator{} : known->find(held.neighbour);
    if (known != nullptr && found != known->end()) id = found->second;
  }
  const NextHopState state =
      id == kNoId ? NextHopState::kIncomplete : context_.next_hops->get(id).state;
  if (state != NextHopState::kIncomplete) {
    send(held.mbuf, id, held.in);
    return true;
  }
  if (context_.tsc < held.deadline) return false;
  drop(held.mbuf, Verdict::kNeighbourTimeout, held.in);
  return true;
}

void Transmitter::release_held() {
  held_checked_ = context_.tsc;
  unsigned kept = 0;
  for (unsigned i = 0; i < held_count_; ++i)
    if (!release(held_[i])) held_[kept++] = held_[i];
  context_.counters->held.sub(held_count_ - kept);
  held_count_ = kept;
}

void Transmitter::flush_port(PortIndex port) {
  Queue& queue = queues_[port];
  const auto count = static_cast<uint16_t>(queue.count);
  queue.count = 0;
  const bool up = (*context_.ports)[port].link_up.load(std::memory_order_relaxed);
  const uint16_t sent = up ? context_.egress->transmit(port, queue.mbufs.data(), count) : 0;
  const Verdict success = context_.egress->transmit_verdict(port);
  context_.count(port, success, sent);
  if (sent == count) return;
  const Verdict failure = !up                              ? Verdict::kPortDown
                          : success == Verdict::kHandedOff ? Verdict::kHandoffFull
                                                           : Verdict::kTxFull;
  context_.count(port, failure, count - sent);
  rte_pktmbuf_free_bulk(&queue.mbufs[sent], count - sent);
}

void Transmitter::flush() {
  for (unsigned port = 0; port < context_.ports->count; ++port)
    if (queues_[port].count != 0) flush_port(static_cast<PortIndex>(port));
}

}  // namespace lbd
