// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "dataplane/connection_table.h"
#include "dataplane/half_open_list.h"
#include "dataplane/reply_directory.h"
#include "dataplane/tcp_state.h"
#include "dataplane/timer_wheel.h"
#include "dataplane/worker_context.h"

namespace lbd {

/// The life of a worker's connections: opening, TCP states, time-outs, counts.
///
/// Theory. A connection is in the table, in the timing wheel, counted once as active or inactive at
/// its real server, and, before the handshake's end, in the list of half-open ones. Every change
/// goes through here so that these four agree. Exact counts (decision 6) are this worker's counts
/// entered into a shared word; whether they are entered is remembered per server, so a scheduler
/// that comes to need them later finds them complete.
class ConnectionTracker {
 public:
  /// `half_open_quota`: at most so many half-open connections; the oldest gives way to the next.
  ConnectionTracker(ConnectionTable table, ReplyDirectory directory, const TimeoutsMs& timeouts,
                    uint32_t half_open_quota, WorkerContext& context);

  ConnectionTable& table() { return table_; }
  ReplyDirectory& directory() { return directory_; }
  const TimeoutTable& timeouts() const { return timeouts_; }

  /// Counts a connection that is about to be opened, where the server has a maximum. False: it has
  /// as many as it may. To be followed by open() or give_back() with the same arguments.
  bool reserve(const Candidate& server, uint8_t state);
  void give_back(const Candidate& server, uint8_t state);
  /// A new connection, or kNoConnection where the table is full. `state`: TcpState or kStateUdp.
  /// A full table of which some connections are half-open has room for one more: the oldest of
  /// those gives way.
  uint32_t open(const FlowKey& key, uint64_t hash, const Service& service, const Candidate& server,
                uint8_t state);
  /// Enters an open connection by the tuple of its replies, here and with the workers on which
  /// those may land. False where there is no room, or the tuple is another connection's.
  bool expect_replies(uint32_t id, const FlowKey& reply, uint64_t hash);
  /// By fullnat: `pool` is the port whose local address the connection has.
  void use_local_address(uint32_t id, PortIndex pool);
  /// The owner function names another worker for the client's packets (`hash`: of their tuple);
  /// those on which they may land are told here. False where they cannot be.
  bool adopt(uint32_t id, uint64_t hash);
  /// Whether some packet may belong here though the owner function names another worker.
  bool keeps_foreign() const { return table_.replies() != 0 || adopted_ != 0; }
  void close(uint32_t id);
  void set_state(uint32_t id, uint8_t state);
  /// Removes what has timed out, looking at `budget` connections at most; returns how many it
  /// looked at.
  uint32_t expire(uint32_t budget);
  /// Enters this worker's part of a server's exact counts, or takes it back, as the snapshot says.
  void sync_exact(ServerId server);
  /// The same, and marks or clears the server's overload by its present thresholds.
  void judge(ServerId server);
  /// Milliseconds until the connection would expire if no packet came.
  uint32_t expires_ms(const Connection& connection) const;

 private:
  struct WheelEntries {
    ConnectionTable* table;
    Links& links(uint32_t id) { return table->at(id).wheel; }
    void prefetch(uint32_t id) { table->prefetch(id); }
  };

  bool make_room();
  void extend_template(const Connection& connection, Tick deadline);
  void forget(uint32_t id);
  void count(ServerId server, bool active, int change);
  void reclassify(ServerId server, bool active);
  void enter_half_open(uint32_t id);
  void leave_half_open(uint32_t id);

  ConnectionTable table_;
  ReplyDirectory directory_;
  TimeoutTable timeouts_;
  HalfOpenList half_open_;
  uint32_t half_open_quota_;
  uint32_t adopted_ = 0;  // connections
  TimerWheel<WheelEntries> wheel_;
  WorkerContext& context_;
};

}  // namespace lbd
