// SPDX-License-Identifier: Apache-2.0
#include "dataplane/connection_tracker.h"

#include <algorithm>
#include <utility>

namespace lbd {
namespace {

bool counts_as_active(uint8_t state) {
  return state < kTcpStates && is_active(static_cast<TcpState>(state));
}

LoadWord one_of(uint8_t state) {
  return counts_as_active(state) ? kOneActive : kOneInactive;
}

bool counts_as_half_open(uint8_t state) {
  return state < kTcpStates && is_half_open(static_cast<TcpState>(state));
}

}  // namespace

ConnectionTracker::ConnectionTracker(ConnectionTable table, ReplyDirectory directory,
                                     const TimeoutsMs& timeouts, uint32_t half_open_quota,
                                     WorkerContext& context)
    : table_(std::move(table)),
      directory_(directory),
      timeouts_(timeouts),
      half_open_(table_),
      half_open_quota_(std::max(half_open_quota, 1u)),
      wheel_(WheelEntries{&table_}, context.now),
      context_(context) {}

void ConnectionTracker::sync_exact(ServerId server) {
  ServerCounters& counters = (*context_.servers)[server];
  const bool wanted = context_.snapshot->exact[server];
  if (counters.exact_entered == wanted) return;
  const LoadWord mine = counters.active.get() * kOneActive + counters.inactive.get();
  const Thresholds& thresholds = context_.snapshot->thresholds[server];
  context_.exact->add(server, wanted ? mine : -mine, thresholds);
  counters.exact_entered = wanted;
}

void ConnectionTracker::judge(ServerId server) {
  sync_exact(server);
  context_.exact->judge(server, context_.snapshot->thresholds[server]);
}

bool ConnectionTracker::reserve(const Candidate& server, uint8_t state) {
  if (!server.limited) return true;
  sync_exact(server.server);
  return context_.exact->try_add(server.server, one_of(state),
                                 context_.snapshot->thresholds[server.server]);
}

void ConnectionTracker::give_back(const Candidate& server, uint8_t state) {
  if (server.limited)
    context_.exact->add(server.server, -one_of(state),
                        context_.snapshot->thresholds[server.server]);
}

void ConnectionTracker::count(ServerId server, bool active, int change) {
  sync_exact(server);
  ServerCounters& counters = (*context_.servers)[server];
  (active ? counters.active : counters.inactive).add(static_cast<uint64_t>(int64_t{change}));
  if (!counters.exact_entered) return;
  const LoadWord one = active ? kOneActive : kOneInactive;
  context_.exact->add(server, change > 0 ? one : -one, context_.snapshot->thresholds[server]);
}

void ConnectionTracker::reclassify(ServerId server, bool active) {
  sync_exact(server);
  ServerCounters& counters = (*context_.servers)[server];
  (active ? counters.inactive : counters.active).sub(1);
  (active ? counters.active : counters.inactive).add(1);
  if (!counters.exact_entered) return;
  // In one step, so that nobody sees one connection less than there are.
  const LoadWord change = kOneActive - kOneInactive;
  context_.exact->add(server, active ? change : -change, context_.snapshot->thresholds[server]);
}

void ConnectionTracker::enter_half_open(uint32_t id) {
  if (half_open_.size() >= half_open_quota_) {
    context_.count(Event::kHalfOpenEvicted);
    close(half_open_.oldest());
  }
  table_.at(id).flags |= kHalfOpen;
  half_open_.append(id);
}

void ConnectionTracker::leave_half_open(uint32_t id) {
  table_.at(id).flags &= static_cast<uint8_t>(~kHalfOpen);
  half_open_.remove(id);
}

bool ConnectionTracker::make_room() {
  if (half_open_.size() == 0 || table_.size() < table_.capacity()) return false;
  context_.count(Event::kHalfOpenEvicted);
  close(half_open_.oldest());
  return true;
}

uint32_t ConnectionTracker::open(const FlowKey& key, uint64_t hash, const Service& service,
                                 const Candidate& server, uint8_t state) {
  uint32_t id = table_.insert(key, hash);
  if (id == kNoConnection && make_room()) id = table_.insert(key, hash);
  if (id == kNoConnection) return id;
  Connection& connection = table_.at(id);
  connection.last_seen = context_.now;
  connection.server = server.server;
  connection.next_hop = server.next_hop;
  connection.forwarding = server.forwarding;
  connection.service = service.id;
  connection.state = state;
  connection.armed = context_.now + timeouts_.of(state);
  wheel_.arm(id, connection.armed);
  const bool active = counts_as_active(state);
  if (active) connection.flags |= kCountedActive;
  if (service.persistence.on) connection.flags |= kPersistent;
  if (server.forwarding == Forwarding::kFullnat)
    connection.flags |= static_cast<uint8_t>(first_telling(service.client_address));
  if (server.limited) {  // reserved: its exact count has it already
    ServerCounters& counters = (*context_.servers)[server.server];
    (active ? counters.active : counters.inactive).add(1);
  } else {
    count(server.server, active, 1);
  }
  if (counts_as_half_open(state)) enter_half_open(id);
  (*context_.servers)[server.server].connections.add(1);
  context_.count(Event::kConnectionCreated);
  context_.counters->connections.add(1);
  return id;
}

bool ConnectionTracker::expect_replies(uint32_t id, const FlowKey& reply, uint64_t hash) {
  if (!table_.insert_reply(id, reply, hash)) return false;
  // By fullnat the owner function finds the owner of the reply.
  return table_.at(id).forwarding != Forwarding::kNat || directory_.announce(reply, hash);
}

void ConnectionTracker::use_local_address(uint32_t id, PortIndex pool) {
  table_.at(id).pool = pool;
  context_.counters->local_ports_used[pool].add(1);
}

bool ConnectionTracker::adopt(uint32_t id, uint64_t hash) {
  Connection& connection = table_.at(id);
  connection.flags |= kAdopted;
  ++adopted_;
  return directory_.announce(connection.key, hash);
}

void ConnectionTracker::forget(uint32_t id) {
  const Connection& connection = table_.at(id);
  if (connection.forwarding == Forwarding::kNat && (connection.flags & kHasReply))
    directory_.withdraw(connection.reply, table_.hash(connection.reply));
  if (connection.flags & kAdopted) {
    --adopted_;
    directory_.withdraw(connection.key, table_.hash(connection.key));
  }
  if (connection.forwarding == Forwarding::kFullnat)
    context_.counters->local_ports_used[connection.pool].sub(1);
  count(connection.server, connection.flags & kCountedActive, -1);
  if (connection.flags & kHalfOpen) leave_half_open(id);
  table_.erase(id);
  context_.counters->connections.sub(1);
}

void ConnectionTracker::close(uint32_t id) {
  wheel_.disarm(id);
  forget(id);
}

void ConnectionTracker::set_state(uint32_t id, uint8_t state) {
  Connection& connection = table_.at(id);
  connection.state = state;
  const bool active = counts_as_active(state);
  if (active != static_cast<bool>(connection.flags & kCountedActive)) {
    reclassify(connection.server, active);
    connection.flags ^= kCountedActive;
  }
  const bool half_open = counts_as_half_open(state);
  if (!half_open && (connection.flags & kHalfOpen)) leave_half_open(id);
  if (half_open && !(connection.flags & kHalfOpen)) enter_half_open(id);
  // A later deadline is found by the wheel itself; only an earlier one needs a move.
  const Tick deadline = context_.now + timeouts_.of(state);
  if (!tick_reached(deadline, connection.armed)) {
    connection.armed = deadline;
    wheel_.move(id, deadline);
  }
}

uint32_t ConnectionTracker::expire(uint32_t budget) {
  return wheel_.advance(context_.now, budget, [this](uint32_t id) -> Tick {
    Connection& connection = table_.at(id);
    const Tick deadline = connection.last_seen + timeouts_.of(connection.state);
    if (tick_reached(context_.now, deadline)) {
      forget(id);
      context_.count(Event::kConnectionExpired);
      return TimerWheel<WheelEntries>::kExpired;
    }
    connection.armed = deadline;
    if (connection.flags & kPersistent) extend_template(connection, deadline);
    return deadline;
  });
}

/// A template outlives its connections: each one prolongs it whenever its own time-out is looked
/// at.
void ConnectionTracker::extend_template(const Connection& connection, Tick deadline) {
  const Snapshot& snapshot = *context_.snapshot;
  const Service* service = snapshot.services[connection.service].get();
  if (service == nullptr || !service->persistence.on) return;
  snapshot.clients->templates.extend(
      client_hash(connection.key, service->persistence.prefix4, service->persistence.prefix6,
                  service->id, snapshot.clients->seed),
      deadline);
}

uint32_t ConnectionTracker::expires_ms(const Connection& connection) const {
  const Tick deadline = connection.last_seen + timeouts_.of(connection.state);
  return tick_reached(context_.now, deadline) ? 0 : (deadline - context_.now) * kTickMs;
}

}  // namespace lbd
