// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/result.h"
#include "dataplane/counters.h"
#include "dataplane/eal.h"
#include "dataplane/exception.h"
#include "dataplane/fragment.h"
#include "dataplane/held_flags.h"
#include "dataplane/messages.h"
#include "dataplane/next_hop.h"
#include "dataplane/port.h"
#include "dataplane/port_table.h"
#include "dataplane/publish.h"
#include "dataplane/routing.h"
#include "dataplane/tcp_state.h"

// The data plane as the control side sees it: start it, publish to it, read its counters, post
// requests to its workers, stop it.
namespace lbd {

struct DataplaneOptions {
  EalOptions eal;
  std::vector<PortOptions> ports;
  SteeringOptions steering;
  uint32_t max_connections = 1'000'000;  // per worker
  unsigned half_open_percent = 50;
  bool idle_sleep = false;
  bool sloppy_tcp = false;
  TimeoutsMs timeouts;
  FragmentLimits fragments;
};

class Worker;

class Dataplane {
 public:
  /// Starts EAL, ports, tables and workers; everything is undone on an error. `stop_asked` is
  /// polled between the steps: a start that was told to stop ends with an error.
  static Result<std::unique_ptr<Dataplane>> start(const DataplaneOptions& options,
                                                  const std::atomic<bool>& stop_asked);
  /// Huge page memory that `options` need, for the plan that is logged at start. Bytes.
  static uint64_t memory_needed(const DataplaneOptions& options);
  ~Dataplane();
  /// Stops the workers for good; everything else stays until the destructor, so that what was
  /// published to them can be taken away in between (netlink mirror, tap thread).
  void stop_workers();

  unsigned workers() const;
  unsigned worker_core(WorkerIndex worker) const;
  const WorkerCounters& counters(WorkerIndex worker) const;
  /// By ServerId; control grows it before it publishes a new id.
  GrowingArray<ServerCounters>& server_counters(WorkerIndex worker);
  /// Decision 6: for services with exact_counts. ServerId < GrowingArray's maximum.
  const ConnectionCounts& exact_counts() const;
  uint32_t connection_capacity() const;

  PortTable& ports();
  NextHopTable& next_hops();
  Routing& routing();
  Publisher& publisher();
  ExceptionPath& exception_path();
  HeldFlags& held_flags();
  /// Lines that say how each port is steered and what memory was planned, for the log.
  const std::vector<std::string>& notes() const;

  /// Posts a request; false where the worker's mailbox is full (try again). The request must live
  /// until it is done.
  bool submit(WorkerIndex worker, WorkerRequest* request);
  /// Takes one request of some worker for a neighbour; false where there is none.
  bool next_neighbour_request(NeighbourRequest& out);
  /// Which worker's table holds or would hold this flow. Ports in host order.
  WorkerIndex owner(const IpAddress& source, uint16_t source_port, const IpAddress& destination,
                    uint16_t destination_port, uint8_t protocol) const;

 private:
  struct State;
  explicit Dataplane(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace lbd
