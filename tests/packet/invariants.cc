// SPDX-License-Identifier: Apache-2.0
#include "invariants.h"

#include <spdlog/fmt/fmt.h>

#include <map>
#include <numeric>

#include "dataplane/tcp_state.h"

namespace lbd::test {
namespace {

using Lines = std::vector<std::string>;

struct Counts {
  uint64_t active = 0;
  uint64_t inactive = 0;
};
using ByServer = std::map<ServerId, Counts>;

uint64_t sum(const auto& values) {
  return std::accumulate(values.begin(), values.end(), uint64_t{0});
}

void check_packets(const Director& director, WorkerIndex index, Lines& out) {
  const Totals totals = director.totals(index);
  const uint64_t in = sum(totals.origins);
  const uint64_t ended = sum(totals.verdicts);
  if (in != ended + totals.held)
    out.push_back(fmt::format("worker {}: {} packets came, {} ended and {} are held", index, in,
                              ended, totals.held));
}

/// Walks the table; adds to `counts` what it finds.
void check_table(const Director& director, WorkerIndex index, ByServer& counts, Lines& out) {
  TestWorker& worker = director.worker(index);
  const ConnectionTable& table = worker.connections.table();
  uint32_t seen = 0;
  uint32_t half_open = 0;
  uint32_t with_reply = 0;
  for (uint32_t id = table.next_used(0); id != kNoConnection; id = table.next_used(id + 1)) {
    const Connection& connection = table.at(id);
    ++seen;
    if (table.find(connection.key, table.hash(connection.key)) != id)
      out.push_back(fmt::format("worker {}: connection {} is not found by its key", index, id));
    const bool replies = connection.flags & kHasReply;
    if (replies && table.find(connection.reply, table.hash(connection.reply)) != (id | kReply))
      out.push_back(fmt::format("worker {}: connection {} is not found by its reply", index, id));
    with_reply += replies;
    const bool tcp = connection.state < kTcpStates;
    const auto state = static_cast<TcpState>(connection.state);
    if (tcp && state == TcpState::kNone)
      out.push_back(fmt::format("worker {}: connection {} has no state", index, id));
    const bool is_half = tcp && is_half_open(state);
    half_open += is_half;
    if (is_half != ((connection.flags & kHalfOpen) != 0))
      out.push_back(fmt::format("worker {}: connection {}: half-open flag is wrong", index, id));
    ++(tcp && is_active(state) ? counts[connection.server].active
                               : counts[connection.server].inactive);
  }
  if (with_reply != table.replies())
    out.push_back(fmt::format("worker {}: {} connections have replies, the table says {}", index,
                              with_reply, table.replies()));
  if (seen != table.size() || seen != worker.counters.connections.get())
    out.push_back(fmt::format("worker {}: {} connections found, the table says {}, the gauge {}",
                              index, seen, table.size(), worker.counters.connections.get()));
  if (half_open > std::max(director.topology().half_open_quota, 1u))
    out.push_back(fmt::format("worker {}: {} half-open connections", index, half_open));
}

void check_gauges(const Director& director, WorkerIndex index, ByServer& counts, Lines& out) {
  const TestWorker& worker = director.worker(index);
  for (ServerId id = 0; id < director.names().servers_end(); ++id) {
    const ServerCounters& gauges = worker.servers[id];
    if (gauges.active.get() != counts[id].active || gauges.inactive.get() != counts[id].inactive)
      out.push_back(
          fmt::format("worker {}: {}: {} active and {} inactive, the gauges say {} and {}", index,
                      director.names().server_name(id), counts[id].active, counts[id].inactive,
                      gauges.active.get(), gauges.inactive.get()));
  }
}

void check_exact(const Director& director, ByServer& all, Lines& out) {
  for (ServerId id = 0; id < director.names().servers_end(); ++id) {
    const bool exact = director.snapshot().exact[id];
    const uint64_t wanted = exact ? all[id].active << 32 | all[id].inactive : 0;
    if ((director.exact(id) & ~kOverloaded) != wanted)
      out.push_back(fmt::format("{}: exact counts are {:#x} instead of {:#x}",
                                director.names().server_name(id), director.exact(id), wanted));
  }
}

/// What is told of replies is taken back.
void check_directories(const Director& director, Lines& out) {
  uint64_t lost = director.totals().events[static_cast<size_t>(Event::kReplyNoticeLost)];
  bool any = false;
  bool told = false;
  for (unsigned i = 0; i < director.workers(); ++i) {
    ConnectionTracker& connections = director.worker(static_cast<WorkerIndex>(i)).connections;
    any |= connections.keeps_foreign();
    told |= connections.directory().any();
  }
  if (told && !any && lost == 0)
    out.push_back("a worker knows of connections elsewhere while there are none");
}

}  // namespace

std::vector<std::string> broken_invariants(const Director& director) {
  Lines out;
  ByServer all;
  for (unsigned i = 0; i < director.workers(); ++i) {
    const auto index = static_cast<WorkerIndex>(i);
    check_packets(director, index, out);
    ByServer counts;
    check_table(director, index, counts, out);
    check_gauges(director, index, counts, out);
    for (const auto& [id, one] : counts) {
      all[id].active += one.active;
      all[id].inactive += one.inactive;
    }
  }
  check_exact(director, all, out);
  check_directories(director, out);
  const uint64_t held = director.totals().held;
  if (buffers_in_use() != held)
    out.push_back(
        fmt::format("{} buffers in use while {} packets are held", buffers_in_use(), held));
  return out;
}

}  // namespace lbd::test
