// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dataplane/connection_tracker.h"
#include "dataplane/owner.h"
#include "dataplane/pipeline.h"
#include "dataplane/request_handler.h"
#include "names.h"
#include "recorder.h"
#include "topology.h"

namespace lbd::test {

/// Verdicts, origins and events since the start, summed over ports.
struct Totals {
  std::array<uint64_t, kVerdictCount> verdicts{};
  std::array<uint64_t, kOriginCount> origins{};
  std::array<uint64_t, kEventCount> events{};
  uint64_t held = 0;

  Totals& operator+=(const Totals& other);
};

/// Where a flow is.
struct Found {
  WorkerIndex worker;
  const Connection* connection;
};

/// One worker: what it owns, and the pipeline.
struct TestWorker {
  TestWorker(const Topology& topology, const WorkerContext& shared, const Owner& owner,
             std::vector<Mailbox>& mailboxes, Record& record);

  GrowingArray<ServerCounters> servers;
  WorkerCounters counters;
  WorkerContext context;
  Recorder recorder;
  std::unique_ptr<std::byte[]> memory;
  size_t memory_used = 0;
  ConnectionTracker connections;
  Pipeline pipeline;
};

/// A whole director without devices and threads: pipelines side by side on a clock that the test
/// moves. Whatever one worker hands to another arrives with settle().
class Director {
 public:
  /// The time stamp counter's frequency: a tick of it is a nanosecond.
  static constexpr uint64_t kHz = 1'000'000'000;

  explicit Director(const Topology& topology);
  ~Director();

  /// Publishes another state of the world. Workers, tables' sizes and ports stay, but for links.
  void apply(const Topology& topology);
  /// A burst of at most kMaxBurst from a receive queue of `worker` at `port`.
  void receive(WorkerIndex worker, PortIndex port, std::span<const Input> inputs);
  /// Frames that come back from the kernel twin of `port`.
  void from_tap(WorkerIndex worker, PortIndex port, std::span<const Input> inputs);
  /// Runs all workers until nothing is on its way between them, and sends what is collected.
  void settle();
  /// Moves the clock, with all workers' time-outs.
  void advance(uint64_t nanoseconds);
  /// Has all workers work off a request of the control side.
  void request(WorkerRequest::Kind kind);

  const Record& record() const { return record_; }
  void clear_record() { record_ = {}; }
  Totals totals(WorkerIndex worker) const;
  Totals totals() const;
  unsigned workers() const { return topology_.workers; }
  TestWorker& worker(WorkerIndex index) const { return *workers_[index]; }
  const Topology& topology() const { return topology_; }
  const Names& names() const { return names_; }
  const Snapshot& snapshot() const { return *snapshot_; }
  LoadWord exact(ServerId server) const { return exact_.get(server); }
  std::optional<Found> find(const FlowKey& key) const;

  static constexpr unsigned kMaxServers = 1024;

 private:
  void apply_ports();
  void apply_next_hops();
  void apply_routes();

  Topology topology_;
  Names names_;
  std::vector<Mailbox> mailboxes_;
  Record record_;
  PortTable ports_;
  NextHopTable& next_hops_;
  std::unique_ptr<Routing> routing_;
  std::unique_ptr<HeldFlags> held_;
  std::array<NeighbourMap, kMaxPorts> neighbours_;
  ConnectionCounts exact_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::vector<std::unique_ptr<TestWorker>> workers_;
};

}  // namespace lbd::test
