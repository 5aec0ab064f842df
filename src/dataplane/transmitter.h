// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_mbuf_core.h>

#include <array>
#include <cstring>

#include "dataplane/worker_context.h"

namespace lbd {

/// The last stage: collects packets per port and hands them to the device in bursts; those whose
/// next hop has no MAC address yet wait here.
///
/// Theory. A packet that comes here has its IP header ready; only the Ethernet header is missing.
/// Packets that wait are few (kHeldMax on a worker, kHeldPerNeighbour for one neighbour) and looked
/// at every kHeldCheck; each ends as sent, or dropped by a named reason after kHeldTime at most.
class Transmitter {
 public:
  static constexpr unsigned kHeldMax = 256;
  static constexpr unsigned kHeldPerNeighbour = 32;

  /// `hz`: time stamp counter's frequency.
  Transmitter(WorkerContext& context, uint64_t hz);

  /// Writes the Ethernet header for `id` and sends, or holds, or drops. `in`: the port where drops
  /// are counted.
  void send(rte_mbuf* mbuf, NextHopId id, PortIndex in) {
    send(mbuf, id, context_.next_hops->word(id), in);
  }
  /// As above, by a word of the next hop that has been read already.
  void send(rte_mbuf* mbuf, NextHopId id, uint64_t word, PortIndex in) {
    if (next_hop_state(word) == NextHopState::kReachable) [[likely]]
      return send_to(mbuf, word);
    send_unresolved(mbuf, id, next_hop_state(word), in);
  }
  /// The MTU of the port that the next hop's word names; bytes of IP packet.
  uint16_t mtu(uint64_t word) const { return ports_[next_hop_port(word)].mtu; }
  /// As above, by the route to where the packet goes; asks for neighbours that nobody knows yet.
  void send_routed(rte_mbuf* mbuf, const IpAddress& destination, uint32_t flow_hash, PortIndex in);
  /// A complete frame.
  void send_frame(rte_mbuf* mbuf, PortIndex out) {
    Queue& queue = queues_[out];
    queue.mbufs[queue.count++] = mbuf;
    if (queue.count == queue.mbufs.size()) [[unlikely]]
      flush_port(out);
  }
  /// Looks after packets that wait. Cheap where there are none.
  void check_held() {
    if (held_count_ != 0 && context_.tsc - held_checked_ >= held_interval_) release_held();
  }
  void flush();

 private:
  struct Held {
    rte_mbuf* mbuf = nullptr;
    NextHopId next_hop = kNoId;  // kNoId: `neighbour` on `port` is being asked for
    PortIndex port = 0;
    PortIndex in = 0;
    IpAddress neighbour;
    uint64_t deadline = 0;  // time stamp
  };
  struct Queue {
    unsigned count = 0;
    std::array<rte_mbuf*, kMaxBurst> mbufs;
  };

  /// What is needed of a port for each packet, closely packed.
  struct PortHeader {
    uint64_t mac = 0;  // as it lies in memory, in the low 48 bits
    uint16_t mtu = 0;
  };

  void send_to(rte_mbuf* mbuf, uint64_t word) {
    const PortIndex port = next_hop_port(word);
    const uint64_t source = ports_[port].mac;
    const uint64_t first = next_hop_mac(word) | source << 48;
    const auto rest = static_cast<uint32_t>(source >> 16);
    auto* frame = static_cast<uint8_t*>(mbuf->buf_addr) + mbuf->data_off;
    std::memcpy(frame, &first, sizeof(first));
    std::memcpy(frame + sizeof(first), &rest, sizeof(rest));
    send_frame(mbuf, port);
  }
  void send_unresolved(rte_mbuf* mbuf, NextHopId id, NextHopState state, PortIndex in);
  void hold(Held held);
  bool release(const Held& held);
  void release_held();
  void drop(rte_mbuf* mbuf, Verdict verdict, PortIndex port);
  void flush_port(PortIndex port);

  WorkerContext& context_;
  std::array<PortHeader, kMaxPorts> ports_;
  std::array<Queue, kMaxPorts> queues_;
  std::array<Held, kHeldMax> held_;
  unsigned held_count_ = 0;
  uint64_t held_time_;
  uint64_t held_interval_;
  uint64_t held_checked_ = 0;
};

}  // namespace lbd
