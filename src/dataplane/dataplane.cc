// SPDX-License-Identifier: Apache-2.0
#include "dataplane/dataplane.h"

#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_ring.h>
#include <sys/random.h>

#include <algorithm>
#include <optional>

#include "dataplane/memory_plan.h"
#include "dataplane/owner.h"
#include "dataplane/worker.h"

namespace lbd {
namespace {

/// Memory of the lcore's NUMA node. `context` points to the node's number.
void* allocate_table(size_t bytes, size_t alignment, void* context) {
  return rte_zmalloc_socket("connections", bytes, static_cast<unsigned>(alignment),
                            *static_cast<int*>(context));
}

rte_ring* make_ring(const std::string& name, unsigned size, int socket) {
  return rte_ring_create(name.c_str(), size, socket, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

Error out_of_memory(const std::string& what) {
  return {"not enough memory for " + what +
          ": give more huge pages (dataplane.memory), or lower dataplane.max_connections"};
}

}  // namespace

struct Dataplane::State {
  explicit State(const DataplaneOptions& given)
      : options(given),
        worker_count(static_cast<unsigned>(given.eal.worker_cores.size())),
        publisher(worker_count),
        counters(std::make_unique<WorkerCounters[]>(worker_count)),
        servers(std::make_unique<GrowingArray<ServerCounters>[]>(worker_count)),
        exact(std::make_unique<ConnectionCounts>(GrowingArray<ServerCounters>::kMaxSize)),
        peer_rings(worker_count, std::vector<PeerRings>(worker_count)) {}
  ~State();

  Status start_ports(const std::atomic<bool>& stop_asked);
  Status make_rings();
  Status make_worker(WorkerIndex index, const FlowHash& hash);
  Status launch();
  void stop_workers();
  int socket_of(WorkerIndex index) const {
    return static_cast<int>(rte_lcore_to_socket_id(options.eal.worker_cores[index]));
  }

  DataplaneOptions options;
  unsigned worker_count;
  bool eal_started = false;
  PortTable ports;
  NextHopTable next_hops;
  Routing routing;
  HeldFlags held;
  Publisher publisher;
  ExceptionPath exception;
  std::unique_ptr<WorkerCounters[]> counters;
  std::unique_ptr<GrowingArray<ServerCounters>[]> servers;
  std::unique_ptr<ConnectionCounts> exact;
  std::optional<Owner> owner;
  std::optional<LocalPortTable> local_ports;
  std::vector<std::vector<PeerRings>> peer_rings;  // [from][to]
  std::vector<std::unique_ptr<FragmentNotes>> fragment_notes;
  std::vector<rte_mempool*> reply_pools;
  std::vector<std::unique_ptr<Worker>> workers;
  std::vector<unsigned> launched;  // lcores
  std::vector<std::string> notes;
  std::atomic<bool> stop{false};
  unsigned next_asked = 0;
};

// --- Start
// ----------------------------------------------------------------------------------------

Status Dataplane::State::start_ports(const std::atomic<bool>& stop_asked) {
  if (options.ports.size() > kMaxPorts)
    return Error{"more than " + std::to_string(kMaxPorts) + " ports; name fewer"};
  for (const PortOptions& port : options.ports) {
    if (stop_asked) return Error{"stopped while starting"};
    const auto index = static_cast<PortIndex>(ports.count);
    auto note = start_port(port, index, worker_count, options.steering, ports[index]);
    if (!note) return note.error();
    ++ports.count;
    ports[index].link_up = read_link(ports[index]);
    notes.push_back(note.value());
  }
  return Done{};
}

Status Dataplane::State::make_rings() {
  const uint32_t room = RTE_PKTMBUF_HEADROOM + tap_buffer_bytes(options);
  exception.pool = rte_pktmbuf_pool_create("tap", kTapBuffers, 128, 0, static_cast<uint16_t>(room),
                                           SOCKET_ID_ANY);
  if (exception.pool == nullptr) return out_of_memory("the tap thread's buffers");
  for (unsigned from = 0; from < worker_count; ++from) {
    const int socket = socket_of(static_cast<WorkerIndex>(from));
    const std::string id = std::to_string(from);
    ExceptionRings rings;
    rings.priority = make_ring("punt_first_" + id, kPriorityRing, socket);
    rings.bulk = make_ring("punt_" + id, kPuntRing, socket);
    rings.from_tap = make_ring("from_tap_" + id, kFromTapRing, socket);
    if (!rings.priority || !rings.bulk || !rings.from_tap) return out_of_memory("rings");
    exception.workers.push_back(rings);
    for (unsigned to = 0; to < worker_count; ++to) {
      if (to == from) continue;
      PeerRings& peer = peer_rings[from][to];
      peer.flows = make_ring("flows_" + id + "_" + std::to_string(to), kPeerRing, socket);
      peer.frames = make_ring("frames_" + id + "_" + std::to_string(to), kPeerRing, socket);
      peer.notices = make_ring("notices_" + id + "_" + std::to_string(to), kNoticeRing, socket);
      fragment_notes.push_back(std::make_unique<FragmentNotes>());
      peer.notes = fragment_notes.back().get();
      if (!peer.flows || !peer.frames || !peer.notices) return out_of_memory("rings");
    }
  }
  return Done{};
}

Status Dataplane::State::make_worker(WorkerIndex index, const FlowHash& hash) {
  int socket = socket_of(index);
  rte_mempool* replies =
      rte_pktmbuf_pool_create(("replies_" + std::to_string(index)).c_str(), kReplyBuffers, 0, 0,
                              RTE_MBUF_DEFAULT_BUF_SIZE, socket);
  if (replies == nullptr) return out_of_memory("a worker's own packets");
  auto table = ConnectionTable::create(options.max_connections, hash, {allocate_table, &socket});
  const auto directory =
      ReplyDirectory::make_index(options.max_connections, worker_count, {allocate_table, &socket});
  if (!table || !directory) return out_of_memory("the connection table of a worker");

  WorkerParts parts;
  parts.context.index = index;
  parts.context.workers = worker_count;
  parts.context.snapshot = publisher.current().get();
  parts.context.counters = &counters[index];
  parts.context.servers = &servers[index];
  parts.context.sloppy_tcp = options.sloppy_tcp;
  parts.context.exact = exact.get();
  parts.context.ports = &ports;
  parts.context.next_hops = &next_hops;
  parts.context.routing = &routing;
  parts.context.held = &held;
  parts.owner = &*owner;
  parts.local_ports = &*local_ports;
  parts.publisher = &publisher;
  parts.exception = exception.workers[index];
  parts.replies = replies;
  parts.to = peer_rings[index];
  for (unsigned from = 0; from < worker_count; ++from)
    parts.from.push_back(peer_rings[from][index]);
  parts.idle_sleep = options.idle_sleep;
  parts.timeouts = options.timeouts;
  parts.fragments = options.fragments;
  parts.half_open_quota =
      static_cast<uint32_t>(uint64_t{options.max_connections} * options.half_open_percent / 100);
  workers.push_back(std::make_unique<Worker>(parts, std::move(table.value()), *directory));
  return Done{};
}

Status Dataplane::State::launch() {
  for (unsigned i = 0; i < worker_count; ++i) {
    const unsigned lcore = options.eal.worker_cores[i];
    struct Task {
      Worker* worker;
      const std::atomic<bool>* stop;
    };
    const auto main = [](void* argument) -> int {
      const std::unique_ptr<Task> task(static_cast<Task*>(argument));
      task->worker->run(*task->stop);
      return 0;
    };
    auto task = std::make_unique<Task>(Task{workers[i].get(), &stop});
    if (rte_eal_remote_launch(main, task.get(), lcore) != 0)
      return Error{"worker core " + std::to_string(lcore) + ": its thread does not start"};
    task.release();
    launched.push_back(lcore);
  }
  return Done{};
}

Result<std::unique_ptr<Dataplane>> Dataplane::start(const DataplaneOptions& options,
                                                    const std::atomic<bool>& stop_asked) {
  auto state = std::make_unique<State>(options);
  const MemoryPlan plan = plan_memory(options);
  state->options.eal.memory_needed_bytes = plan.total();
  state->notes.push_back(plan.to_string());
  if (auto status = start_eal(state->options.eal); !status) return status.error();
  state->eal_started = true;

  std::vector<uint8_t> key = options.steering.key;
  if (key.empty()) key.assign(default_rss_key().begin(), default_rss_key().end());
  state->owner.emplace(key, state->worker_count);
  state->local_ports.emplace(*state->owner);
  FlowHash::Seed seed;
  if (getrandom(seed.data(), sizeof(seed), 0) != sizeof(seed))
    return Error{"getrandom: no random numbers for the connection tables' seed"};

  if (auto status = state->start_ports(stop_asked); !status) return status.error();
  if (auto status = state->make_rings(); !status) return status.error();
  for (unsigned i = 0; i < state->worker_count; ++i) {
    if (stop_asked) return Error{"stopped while starting"};
    if (auto status = state->make_worker(static_cast<WorkerIndex>(i), FlowHash(seed)); !status)
      return status.error();
  }
  if (auto status = state->launch(); !status) return status.error();
  return std::unique_ptr<Dataplane>(new Dataplane(std::move(state)));
}

void Dataplane::State::stop_workers() {
  stop = true;
  for (const unsigned lcore : launched) rte_eal_wait_lcore(lcore);
  launched.clear();
}

Dataplane::State::~State() {
  stop_workers();
  for (unsigned i = 0; i < ports.count; ++i) stop_port(ports.ports[i]);
  workers.clear();
  if (eal_started) stop_eal();
}

// --- What control sees
// ----------------------------------------------------------------------------

Dataplane::Dataplane(std::unique_ptr<State> state) : state_(std::move(state)) {}
Dataplane::~Dataplane() = default;
void Dataplane::stop_workers() {
  state_->stop_workers();
}

uint64_t Dataplane::memory_needed(const DataplaneOptions& options) {
  return plan_memory(options).total();
}
unsigned Dataplane::workers() const {
  return state_->worker_count;
}
unsigned Dataplane::worker_core(WorkerIndex worker) const {
  return state_->options.eal.worker_cores[worker];
}
const WorkerCounters& Dataplane::counters(WorkerIndex worker) const {
  return state_->counters[worker];
}
GrowingArray<ServerCounters>& Dataplane::server_counters(WorkerIndex worker) {
  return state_->servers[worker];
}
const ConnectionCounts& Dataplane::exact_counts() const {
  return *state_->exact;
}
uint32_t Dataplane::connection_capacity() const {
  return state_->options.max_connections;
}
PortTable& Dataplane::ports() {
  return state_->ports;
}
NextHopTable& Dataplane::next_hops() {
  return state_->next_hops;
}
Routing& Dataplane::routing() {
  return state_->routing;
}
Publisher& Dataplane::publisher() {
  return state_->publisher;
}
HeldFlags& Dataplane::held_flags() {
  return state_->held;
}
ExceptionPath& Dataplane::exception_path() {
  return state_->exception;
}
const std::vector<std::string>& Dataplane::notes() const {
  return state_->notes;
}

bool Dataplane::submit(WorkerIndex worker, WorkerRequest* request) {
  return state_->workers[worker]->requests.push(request);
}

bool Dataplane::next_neighbour_request(NeighbourRequest& out) {
  for (unsigned i = 0; i < state_->worker_count; ++i) {
    const unsigned worker = state_->next_asked++ % state_->worker_count;
    if (state_->workers[worker]->neighbour_requests.pop(out)) return true;
  }
  return false;
}

WorkerIndex Dataplane::owner(const IpAddress& source, uint16_t source_port,
                             const IpAddress& destination, uint16_t destination_port,
                             uint8_t protocol) const {
  return state_->owner->of(
      FlowKey::make({source, source_port}, {destination, destination_port}, protocol));
}

}  // namespace lbd
