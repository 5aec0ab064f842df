// SPDX-License-Identifier: Apache-2.0
#include "director.h"

#include <rte_mbuf.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <new>

#include "snapshot_maker.h"

namespace lbd::test {
namespace {

constexpr uint64_t kStart = 1000 * Director::kHz;
constexpr uint64_t kTick = Director::kHz / 1000 * kTickMs;
/// How far the clock moves at once: while packets wait, which are looked at by the fine clock, and
/// else. Worker loops are much closer; time-outs must not notice.
constexpr uint64_t kFineStride = kTick;
constexpr uint64_t kStride = 30 * Director::kHz;
constexpr uint32_t kExpireBudget = 64;
constexpr FlowHash::Seed kSeed{1, 2, 3, 4, 5, 6};

std::unique_ptr<std::byte[]> make_memory(const Topology& topology) {
  return std::make_unique<std::byte[]>(
      ConnectionTable::bytes_needed(topology.max_connections) +
      ReplyDirectory::bytes_needed(topology.max_connections, topology.workers) + 5 * 64);
}

/// Tables' memory out of one piece that the worker owns.
void* take(size_t bytes, size_t alignment, void* context) {
  auto* worker = static_cast<TestWorker*>(context);
  auto at = reinterpret_cast<uintptr_t>(worker->memory.get()) + worker->memory_used;
  const size_t gap = (alignment - at % alignment) % alignment;
  worker->memory_used += gap + bytes;
  return reinterpret_cast<void*>(at + gap);
}

ConnectionTable make_table(const Topology& topology, TestWorker* worker) {
  return ConnectionTable::create(topology.max_connections, FlowHash(kSeed), {take, worker}).value();
}

FlowIndex make_directory(const Topology& topology, TestWorker* worker) {
  return *ReplyDirectory::make_index(topology.max_connections, topology.workers, {take, worker});
}

WorkerContext complete(WorkerContext context, TestWorker* worker) {
  context.egress = &worker->recorder;
  context.counters = &worker->counters;
  context.servers = &worker->servers;
  worker->servers.grow(Director::kMaxServers);
  return context;
}

// Made once for all directors of a process: a fuzzer makes thousands of them.

const LocalPortTable& shared_local_ports(const Owner& owner) {
  static std::map<unsigned, LocalPortTable> tables;
  return tables.try_emplace(owner.workers(), owner).first->second;
}

const Owner& shared_owner(unsigned workers) {
  static std::map<unsigned, Owner> owners;
  return owners.try_emplace(workers, default_rss_key(), workers).first->second;
}

NextHopTable& shared_next_hops() {
  static NextHopTable table;
  return table;
}

}  // namespace

Totals& Totals::operator+=(const Totals& other) {
  for (unsigned i = 0; i < kVerdictCount; ++i) verdicts[i] += other.verdicts[i];
  for (unsigned i = 0; i < kOriginCount; ++i) origins[i] += other.origins[i];
  for (unsigned i = 0; i < kEventCount; ++i) events[i] += other.events[i];
  held += other.held;
  return *this;
}

TestWorker::TestWorker(const Topology& topology, const WorkerContext& shared, const Owner& owner,
                       std::vector<Mailbox>& mailboxes, Record& record)
    : context(complete(shared, this)),
      recorder(shared.index, topology, mailboxes, record),
      memory(make_memory(topology)),
      connections(make_table(topology, this),
                  ReplyDirectory(context, owner, make_directory(topology, this)), topology.timeouts,
                  topology.half_open_quota, context),
      pipeline(context, connections, owner, shared_local_ports(owner), topology.fragments,
               Director::kHz) {}

Director::Director(const Topology& topology)
    : topology_(topology),
      mailboxes_(topology.workers),
      next_hops_(shared_next_hops()),
      routing_(std::make_unique<Routing>()),
      held_(std::make_unique<HeldFlags>()),
      exact_(kMaxServers) {
  start_eal();
  apply_ports();  // pipelines note down what is fixed of ports
  const Owner& owner = shared_owner(topology.workers);
  for (unsigned index = 0; index < topology.workers; ++index) {
    WorkerContext shared;
    shared.index = static_cast<WorkerIndex>(index);
    shared.workers = topology.workers;
    shared.tsc = kStart;
    shared.now = static_cast<Tick>(kStart / kTick);
    shared.exact = &exact_;
    shared.ports = &ports_;
    shared.sloppy_tcp = topology.sloppy_tcp;
    shared.next_hops = &next_hops_;
    shared.routing = routing_.get();
    shared.held = held_.get();
    workers_.push_back(std::make_unique<TestWorker>(topology_, shared, owner, mailboxes_, record_));
  }
  apply(topology);
}

Director::~Director() {
  // Whatever waits for a neighbour is answered, so that no buffer stays behind.
  for (NextHopId id = 0; id < names_.servers_end(); ++id)
    next_hops_.set(id, {{}, 0, NextHopState::kFailed});
  if (totals().held != 0) advance(3 * kHz);
  for (NextHopId id = 0; id < names_.servers_end(); ++id) next_hops_.set(id, {});
}

void Director::apply(const Topology& topology) {
  const bool same_routes = topology_.routes == topology.routes && snapshot_ != nullptr;
  topology_ = topology;
  apply_ports();
  apply_next_hops();
  if (!same_routes) apply_routes();
  bump_generation(*routing_);
  VipSlot slot = 0;
  for (const auto& [address, held] : topology_.virtual_addresses) (*held_)[++slot] = held ? 1 : 0;
  snapshot_ = make_snapshot(topology_, names_, snapshot_.get());
  if (names_.servers_end() > kMaxServers) std::abort();
  for (const auto& worker : workers_) worker->context.snapshot = snapshot_.get();
  request(WorkerRequest::Kind::kSyncExact);
}

void Director::apply_ports() {
  ports_.count = static_cast<unsigned>(topology_.ports.size());
  for (unsigned i = 0; i < ports_.count; ++i) {
    const PortSpec& spec = topology_.ports[i];
    PortInfo& port = ports_.ports[i];
    port.name = spec.name;
    port.mac = spec.mac;
    port.mtu = spec.mtu;
    port.rss = spec.rss;
    port.rx_queues = static_cast<uint16_t>(spec.rx_queues);
    port.link_up.store(spec.link);
  }
}

void Director::apply_next_hops() {
  for (const ServiceSpec& service : topology_.services)
    for (const ServerSpec& server : service.servers)
      next_hops_.set(names_.server(service.name, server.name), server.hop);
  for (const auto& [name, hop] : topology_.gateways) next_hops_.set(names_.gateway(name), hop);
  for (auto& map : neighbours_) map.clear();
  for (const auto& [address, hop] : topology_.neighbours) {
    const NextHopId id = names_.neighbour(address.to_string());
    next_hops_.set(id, hop);
    neighbours_[hop.port][address] = id;
  }
  for (unsigned port = 0; port < kMaxPorts; ++port)
    routing_->neighbours[port].store(&neighbours_[port]);
}

void Director::apply_routes() {
  // Routes of the state before may be gone: all are entered anew.
  routing_->ipv4.~Lpm();
  new (&routing_->ipv4) Lpm(Family::kIpv4);
  routing_->ipv6.~Lpm();
  new (&routing_->ipv6) Lpm(Family::kIpv6);
  routing_->entries.grow(static_cast<uint32_t>(topology_.routes.size()));
  uint32_t slot = 0;
  for (const RouteSpec& spec : topology_.routes) {
    RouteEntry entry;
    for (const std::string& gateway : spec.via)
      entry.hops[entry.count++] = {spec.port, false, names_.gateway(gateway)};
    if (spec.via.empty()) entry.hops[entry.count++] = {spec.port, true, kNoId};
    routing_->entries[slot] = entry;
    (spec.to.address.is_v4() ? routing_->ipv4 : routing_->ipv6).insert(spec.to, slot);
    ++slot;
  }
}

void Director::receive(WorkerIndex worker, PortIndex port, std::span<const Input> inputs) {
  rte_mbuf* mbufs[kMaxBurst];
  for (size_t i = 0; i < inputs.size(); ++i) mbufs[i] = make_mbuf(inputs[i]);
  workers_[worker]->pipeline.receive(mbufs, static_cast<unsigned>(inputs.size()), port);
}

void Director::from_tap(WorkerIndex worker, PortIndex port, std::span<const Input> inputs) {
  rte_mbuf* mbufs[kMaxBurst];
  for (size_t i = 0; i < inputs.size(); ++i) {
    mbufs[i] = make_mbuf(inputs[i]);
    mbufs[i]->port = port;
  }
  workers_[worker]->pipeline.send_frames(mbufs, static_cast<unsigned>(inputs.size()),
                                         Origin::kFromTap);
}

void Director::settle() {
  const auto take_burst = [](std::deque<rte_mbuf*>& box, rte_mbuf** mbufs) {
    const auto n = static_cast<unsigned>(std::min<size_t>(box.size(), kMaxBurst));
    std::copy_n(box.begin(), n, mbufs);
    box.erase(box.begin(), box.begin() + n);
    return n;
  };
  for (bool moved = true; moved;) {
    moved = false;
    for (unsigned i = 0; i < workers(); ++i) {
      rte_mbuf* mbufs[kMaxBurst];
      Pipeline& pipeline = workers_[i]->pipeline;
      const unsigned flows = take_burst(mailboxes_[i].flows, mbufs);
      if (flows != 0) pipeline.take_over(mbufs, flows);
      const unsigned frames = take_burst(mailboxes_[i].frames, mbufs);
      if (frames != 0) pipeline.send_frames(mbufs, frames, Origin::kHandedIn);
      for (; !mailboxes_[i].notes.empty(); mailboxes_[i].notes.pop_front())
        pipeline.hear(mailboxes_[i].notes.front());
      pipeline.end_loop();
      moved |= flows != 0 || frames != 0;
    }
    for (const Mailbox& box : mailboxes_)
      moved |= !box.flows.empty() || !box.frames.empty() || !box.notes.empty();
  }
}

void Director::advance(uint64_t nanoseconds) {
  while (nanoseconds != 0) {
    const uint64_t step = std::min(nanoseconds, totals().held == 0 ? kStride : kFineStride);
    nanoseconds -= step;
    for (const auto& worker : workers_) {
      worker->context.tsc += step;
      worker->context.now = static_cast<Tick>(worker->context.tsc / kTick);
      while (worker->connections.expire(kExpireBudget) != 0) {
      }
    }
    settle();
  }
}

void Director::request(WorkerRequest::Kind kind) {
  for (const auto& worker : workers_) {
    RequestHandler handler(worker->context, worker->connections, worker->pipeline);
    WorkerRequest request;
    request.kind = kind;
    handler.start(&request);
    while (handler.busy()) handler.step();
  }
}

Totals Director::totals(WorkerIndex index) const {
  Totals out;
  const WorkerCounters& counters = workers_[index]->counters;
  for (const PortCounters& port : counters.ports) {
    for (unsigned i = 0; i < kVerdictCount; ++i) out.verdicts[i] += port.verdicts[i].get();
    for (unsigned i = 0; i < kOriginCount; ++i) out.origins[i] += port.origins[i].get();
  }
  for (unsigned i = 0; i < kEventCount; ++i) out.events[i] = counters.events[i].get();
  out.held = counters.held.get();
  return out;
}

Totals Director::totals() const {
  Totals out;
  for (unsigned i = 0; i < workers(); ++i) out += totals(static_cast<WorkerIndex>(i));
  return out;
}

std::optional<Found> Director::find(const FlowKey& key) const {
  for (unsigned i = 0; i < workers(); ++i) {
    const ConnectionTable& table = workers_[i]->connections.table();
    const uint32_t id = table.find(key, table.hash(key));
    if (id != kNoConnection) return Found{static_cast<WorkerIndex>(i), &table.at(id)};
  }
  return std::nullopt;
}

}  // namespace lbd::test
