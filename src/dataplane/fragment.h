// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/connection.h"
#include "dataplane/packet.h"
#include "dataplane/worker_context.h"

// Fragments to a service: those behind the first, which have no ports, follow the first. Nothing is
// reassembled.
//
// Theory. A datagram is known by source, destination, identification and protocol. Two workers may
// be concerned with it. Its first fragment has the ports, so it goes to the worker of its flow,
// which treats it like any other packet. The others go to the worker that the owner function names
// for the two addresses (what devices do with fragments, too), and that one needs to know what
// became of the first: so the worker of the flow tells it, by a note on a queue between the two
// (FragmentNote). A note says how packets get to the real server and is enough to send them from
// there: no fragment is handed on a second time. What comes before the note waits, in a buffer
// bounded by count, bytes and time.
//
// Fragments that overlap with one that came before are dropped (RFC 5722; RFC 1858). Which parts
// have come is known as a few ranges; a datagram in more pieces than that is refused. One that is
// complete is forgotten at once, because senders use an identification again.
// An overlapping first fragment is found where both workers are one; else it is sent on alone.
namespace lbd {

struct FragmentLimits {
  uint32_t datagrams = 4096;         // known at a time, on each worker
  uint32_t held = 1024;              // fragments that wait, on each worker
  uint64_t held_bytes = 2ull << 20;  // and their bytes
  Tick timeout = ticks_for_timeout(2'000);
};

/// How the other fragments of a datagram go on.
struct FragmentWay {
  bool punt = false;  // to the kernel; then nothing else counts
  Forwarding forwarding = Forwarding::kDr;
  ServerId server = kNoId;
  NextHopId next_hop = kNoId;
  uint32_t flow_hash = 0;
  // By nat and fullnat:
  bool reply = false;   // to the client
  FlowKey opposite{};   // the packet gets these addresses the other way round, see translate()
  uint16_t new_id = 0;  // an IPv4 identification instead of the sender's, as on the wire; 0: none
};

/// From the worker of a flow to that of its fragments.
struct FragmentNote {
  FlowKey datagram;
  FragmentWay way;
  uint16_t end = 0;  // of the first fragment, in bytes of the datagram
};

/// A datagram's key: that of a flow with the identification in place of ports.
FlowKey datagram_key(const Packet& packet, const FlowKey& addresses);

class FragmentTable {
 public:
  explicit FragmentTable(const FragmentLimits& limits);

  /// What is to become of a fragment that is not the first.
  struct Answer {
    const FragmentWay* way = nullptr;    // it goes this way; valid until the next call
    bool held = false;                   // it waits here
    Verdict drop = Verdict::kForwarded;  // else it is dropped
  };
  Answer take(const Packet& packet, const FlowKey& datagram, uint64_t hash, Tick now);

  /// What became of a first fragment. Those that waited for it are `release`d: f(Packet&, way).
  /// False where the first one overlaps with what came before, or there is no room.
  template <class F>
  bool learn(const FragmentNote& note, uint64_t hash, Tick now, F&& release) {
    Datagram* datagram = find(note.datagram, hash, now);
    if (datagram == nullptr) datagram = make(note.datagram, hash, now);
    if (datagram == nullptr || !mark(*datagram, 0, note.end)) return false;
    datagram->way = note.way;
    datagram->known = true;
    for (uint32_t slot = datagram->first_held; slot != kNoId;) {
      const uint32_t next = held_[slot].next;
      Packet packet = unhold(slot);
      release(packet, note.way);
      slot = next;
    }
    datagram->first_held = kNoId;
    forget_if_complete(*datagram);
    return true;
  }

  /// Takes out what has waited too long: f(Packet&).
  template <class F>
  void expire(Tick now, F&& f) {
    while (oldest_ != kNoId && tick_reached(now, held_[oldest_].deadline)) {
      Packet packet = give_up(oldest_);
      f(packet);
    }
  }
  uint32_t held() const { return waiting_; }

 private:
  static constexpr unsigned kWays = 8;    // entries in a set
  static constexpr unsigned kRanges = 8;  // pieces of a datagram that do not touch each other

  struct Range {
    uint16_t start;
    uint16_t end;
  };
  struct Datagram {
    FlowKey key{};
    Tick deadline = 0;
    bool used = false;
    bool known = false;  // `way` is
    uint8_t ranges = 0;
    uint16_t length = 0;  // of the whole datagram; 0: its last fragment has not come
    uint32_t first_held = kNoId;
    uint32_t last_held = kNoId;
    FragmentWay way;
    std::array<Range, kRanges> range{};
  };
  struct Held {
    Packet packet;
    Tick deadline = 0;
    uint32_t datagram = kNoId;
    uint32_t next = kNoId;   // of its datagram, or of the free ones
    uint32_t newer = kNoId;  // of all
    uint32_t older = kNoId;
  };

  Datagram* find(const FlowKey& key, uint64_t hash, Tick now);
  Datagram* make(const FlowKey& key, uint64_t hash, Tick now);
  static bool overlaps(const Datagram& datagram, uint16_t start, uint16_t end);
  static bool mark(Datagram& datagram, uint16_t start, uint16_t end);
  void forget_if_complete(Datagram& datagram);
  bool hold(const Packet& packet, Datagram& datagram, Tick now);
  Packet unhold(uint32_t slot);
  Packet give_up(uint32_t slot);

  FragmentLimits limits_;
  uint32_t sets_;
  std::vector<Datagram> datagrams_;
  std::vector<Held> held_;
  uint32_t free_ = 0;
  uint32_t oldest_ = kNoId;  // of those that wait
  uint32_t newest_ = kNoId;
  uint32_t waiting_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace lbd
