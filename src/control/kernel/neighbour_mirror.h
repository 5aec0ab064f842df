// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <set>
#include <unordered_map>
#include <vector>

#include "control/kernel/netlink_message.h"
#include "control/kernel/netlink_mirror.h"
#include "control/kernel/netlink_socket.h"
#include "control/kernel/slot_pool.h"
#include "control/kernel/tap_links.h"
#include "dataplane/next_hop.h"
#include "dataplane/routing.h"

// Neighbours of our TAPs. A record lives while the kernel has the entry, while somebody holds it
// (a gateway of a route, a real server), or while an answer for a worker is awaited. It has a slot
// of NextHopTable, and workers find the slot by address in the port's NeighbourMap.
//
// Held records are made NTF_EXT_MANAGED in the kernel, which then probes them by itself, reachable
// or failed (kernel 5.16 and newer). The tick repairs what is not as it should be, a bounded number
// at a time: entries that the kernel dropped, that somebody replaced without the flag, or that an
// older kernel cannot manage; those are probed again every few seconds.
namespace lbd {

class NeighbourMirror {
 public:
  using Clock = std::chrono::steady_clock;
  /// Longer than a worker holds a packet that waits for a neighbour.
  static constexpr std::chrono::seconds kSlotRest{10};
  static constexpr std::chrono::seconds kProbeEvery{5};
  static constexpr std::chrono::seconds kProbeLostEvery{1};  // entries that the kernel has not
  static constexpr size_t kProbesPerTick = 256;              // a TAP queues 500 frames
  static constexpr size_t kChecksPerTick = 1024;
  static constexpr size_t kAlwaysFit = 64;  // so many held ones fit into any kernel's table

  NeighbourMirror(Routing& routing, NextHopTable& table, Publisher& publisher,
                  const TapLinks& links);
  ~NeighbourMirror();
  void use(netlink::RequestSocket* requests) { requests_ = requests; }

  void begin_dump();
  void apply(const netlink::Neighbour& event);
  void end_dump();

  /// Counted. The slot of the neighbour itself, or kNoId where no slot is left.
  NextHopId hold(PortIndex port, const IpAddress& address);
  void release(PortIndex port, const IpAddress& address);
  /// `follower` (a slot of the caller's) gets this neighbour's words from now on, until unfollow.
  /// Following holds too. False where no slot is left.
  bool follow(PortIndex port, const IpAddress& address, NextHopId follower);
  void unfollow(PortIndex port, const IpAddress& address, NextHopId follower);

  /// The port came up: held neighbours that are not reachable are asked for at once.
  void ask_again(PortIndex port);
  void request(PortIndex port, const IpAddress& address);
  void tick(Clock::time_point now);
  /// Publishes changed maps, not more often than their size allows.
  void publish(Clock::time_point now);

  NextHopId take_slot() { return slots_.take(); }
  void give_slot_back(NextHopId id);
  std::vector<NeighbourRow> rows() const;

 private:
  struct Record {
    NextHopId slot = kNoId;
    MacAddress mac;
    uint16_t state = 0;      // NUD_*
    bool in_kernel = false;  // it told us about it
    bool managed = false;    // the kernel says so
    bool queued = false;     // in probes_
    bool awaited = false;    // in requested_
    bool seen = false;       // in the dump that is under way
    unsigned holders = 0;
    Clock::time_point probed{};
    std::vector<NextHopId> followers;
  };
  using Records = std::unordered_map<IpAddress, Record>;
  struct Key {
    PortIndex port = 0;
    IpAddress address;
    auto operator<=>(const Key&) const = default;
  };

  Record* find(PortIndex port, const IpAddress& address);
  Record* find_or_make(PortIndex port, const IpAddress& address);
  void drop_if_unused(PortIndex port, const IpAddress& address);
  NextHop word_of(PortIndex port, const Record& record) const;
  void store(PortIndex port, const Record& record);
  void queue_probe(PortIndex port, const IpAddress& address, Record& record);
  void send_probes(Clock::time_point now);
  void probe(PortIndex port, const IpAddress& address, bool manage);
  void complain(int error, const IpAddress& address);
  void check_held(Clock::time_point now);
  void raise_limits();
  void publish_port(PortIndex port);

  Routing& routing_;
  NextHopTable& table_;
  Publisher& publisher_;
  const TapLinks& links_;
  netlink::RequestSocket* requests_ = nullptr;
  SlotPool slots_;
  std::array<Records, kMaxPorts> records_;
  std::array<bool, kMaxPorts> changed_{};
  Clock::time_point published_{};
  std::deque<Key> probes_;
  size_t probes_left_ = kProbesPerTick;
  std::deque<Key> requested_;
  std::set<Key> held_;
  Key checked_;  // check_held() goes round held_ and stopped here
  size_t kernel_limit_ = 0;
  Clock::time_point complained_{};
};

}  // namespace lbd
