// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>

#include "dataplane/connection_tracker.h"
#include "dataplane/forward/dr.h"
#include "dataplane/forward/identifications.h"
#include "dataplane/forward/nat.h"
#include "dataplane/forward/nat64.h"
#include "dataplane/forward/translated_fragments.h"
#include "dataplane/forward/tunnel.h"
#include "dataplane/fragment.h"
#include "dataplane/local_ports.h"
#include "dataplane/owner.h"
#include "dataplane/packet.h"
#include "dataplane/reply.h"
#include "dataplane/scheduling.h"
#include "dataplane/token_bucket.h"
#include "dataplane/transmitter.h"
#include "dataplane/tunnel_error.h"
#include "dataplane/worker_context.h"

namespace lbd {

/// One worker's way from packet in to packet out, free of input and output: packets come as
/// arguments and leave through Egress, so that it runs under a poll loop, a test and a fuzzer
/// alike.
///
/// Theory. A burst goes through the stages together: parse all, find the owner of all, look all
/// connections up with their memory prefetched, then act. Packets of known connections come first;
/// they may change states but free no connection. The others are taken one by one afterwards, each
/// looked up again if an earlier one has changed the table. Order within a flow holds, but for a
/// SYN that starts over: it goes behind its burst.
class Pipeline {
 public:
  /// `hz`: frequency of WorkerContext::tsc.
  Pipeline(WorkerContext& context, ConnectionTracker& connections, const Owner& owner,
           const LocalPortTable& local_ports, const FragmentLimits& fragments, uint64_t hz);

  /// Packets from a port's receive queue, n <= kMaxBurst.
  void receive(rte_mbuf** mbufs, unsigned n, PortIndex in);
  /// Packets whose flows this worker owns, from another worker; mbuf->port is a PortIndex.
  void take_over(rte_mbuf** mbufs, unsigned n);
  /// Complete frames to be sent on mbuf->port: from the kernel twin (kFromTap), or from a worker
  /// without a transmit queue of its own (kHandedIn).
  void send_frames(rte_mbuf** mbufs, unsigned n, Origin origin);
  /// What another worker says of a datagram whose fragments come here.
  void hear(const FragmentNote& note);
  /// Sends what has been collected. Once a loop, after everything else.
  void end_loop();
  /// Has the client of a connection that is to be reset (Fate::kReset) tell where it stands.
  void probe_client(const Connection& connection);

 private:
  void run(rte_mbuf** mbufs, unsigned n);
  void parse_all();
  void steer();
  void find_connections();
  void forward_known();
  void open_flows();
  void deliver_others();

  WorkerIndex worker_for(const Packet& packet, unsigned flow) const;
  bool forward_hit(Packet& packet, uint32_t found);
  bool follow_tcp(Packet& packet, uint32_t found);
  void open_flow(Packet& packet, const FlowKey& key, uint64_t hash);
  void start_connection(Packet& packet, const FlowKey& key, uint64_t hash, const Service& service,
                        VipSlot vip);
  /// A connection stays with its server; or it is closed, and its packet may begin a new one; or
  /// the packet has come to its end with it.
  enum class Leaving : uint8_t { kStays, kMoves, kEnded };
  bool leaves_server(const Packet& packet, uint32_t found) const;
  Leaving leave_server(Packet& packet, uint32_t found);
  void reset_both(Packet& packet, uint32_t id);
  bool starts_over(const Packet& packet, uint32_t found) const;
  std::optional<FlowKey> choose_local(const FlowKey& key, const Candidate& server,
                                      const Target& target, PortIndex out);
  void pass_on(Packet& packet, PortIndex out);
  std::optional<Verdict> why_no_replies(const FlowKey& reply, uint64_t hash);
  void deliver_error(Packet& packet, uint64_t hash);
  bool may_begin_with(uint8_t flags) const;
  void forward_once(Packet& packet, const FlowKey& key, const Candidate& server, uint8_t state);
  bool reply_once(Packet& packet, const FlowKey& key);
  void deliver_unserved(Packet& packet, const FlowKey& key);
  void forward(Packet& packet, uint32_t found);
  void count(const Packet& packet, Connection& connection, bool reply);
  bool take_tunnel_error(Packet& packet);
  bool forward_by_tunnel(Packet& packet, const Connection& connection);
  bool forward_by_fullnat(Packet& packet, Connection& connection, bool reply);
  void sort_fragment(unsigned index, const FlowKey& key);
  void follow_fragments();
  void take_fragment(Packet& packet, const FlowKey& datagram);
  void forward_fragment(Packet& packet, const FragmentWay& way);
  void tell_of_first(const Packet& packet, const FlowKey& key, const FragmentWay& way);
  void limit_mss(const Packet& packet, const Connection& connection, bool reply);
  uint32_t mss_between_families(const Packet& packet, const Connection& connection) const;
  void forward_first(Packet& packet, const Connection& connection, bool reply);
  bool may_follow(const Packet& packet, const FlowKey& key) const;
  void punt(Packet& packet, bool priority);
  void drop(Packet& packet, Verdict verdict);
  void hand_off(Packet& packet, WorkerIndex worker);
  void hand_on(Packet& packet, WorkerIndex worker, uint32_t mark);
  void flush_hand_off(WorkerIndex worker);

  struct HandOff {
    unsigned count = 0;
    std::array<rte_mbuf*, kMaxBurst> mbufs;
  };

  WorkerContext& context_;
  ConnectionTracker& connections_;
  const Owner& owner_;
  Transmitter transmitter_;
  Replier replier_;
  DirectRouting direct_routing_;
  Tunnel tunnel_;
  TunnelErrors tunnel_errors_;
  Nat nat_;
  Identifications identifications_;
  Nat64 nat64_;
  TranslatedFragments translated_fragments_;
  Scheduling scheduling_;
  LocalPorts local_ports_;
  FragmentTable fragments_;
  TokenBucket punt_bucket_;
  Burst burst_;
  /// Which flows of this burst are still to find their owner.
  enum class Steer : uint8_t { kNone, kExtended, kAll };
  Steer steer_ = Steer::kNone;
  unsigned pending_count_ = 0;
  std::array<uint8_t, kMaxBurst> pending_;  // flows without a connection, or with a SYN
  std::array<HandOff, kMaxWorkers> hand_offs_;
};

}  // namespace lbd
