// SPDX-License-Identifier: Apache-2.0
#include <rte_mempool.h>

#include <cmath>

#include "control/api/verbs.h"

namespace lbd::api {
namespace {

/// For people and scripts alike: one digit is all that means something.
double tenths(double value) {
  return std::round(value * 10) / 10;
}

Json workers_json(Controller& controller) {
  Json rows = Json::array();
  Dataplane& dataplane = controller.dataplane();
  const uint32_t capacity = dataplane.connection_capacity();
  for (unsigned index = 0; index < dataplane.workers(); ++index) {
    const auto worker = static_cast<WorkerIndex>(index);
    const WorkerCounters& counters = dataplane.counters(worker);
    const uint64_t connections = counters.connections.get();
    rows.push_back({{"worker", index},
                    {"core", dataplane.worker_core(worker)},
                    {"generation", counters.generation.get()},
                    {"busy", tenths(controller.busy().percent(worker))},
                    {"connections", connections},
                    {"capacity", capacity},
                    {"table_fill", tenths(100.0 * static_cast<double>(connections) / capacity)}});
  }
  return rows;
}

Json ports_json(Controller& controller) {
  Json rows = Json::array();
  const PortTable& ports = controller.dataplane().ports();
  for (unsigned index = 0; index < ports.count; ++index) {
    const PortInfo& port = ports[static_cast<PortIndex>(index)];
    const PortStatistics statistics = read_statistics(port);
    rows.push_back({{"name", port.name},
                    {"device", port.device},
                    {"link", port.link_up.load(std::memory_order_relaxed) ? "up" : "down"},
                    {"mac", port.mac.to_string()},
                    {"mtu", port.mtu},
                    {"queues", port.rx_queues},
                    // One worker owns every flow: nothing is steered.
                    {"steering", controller.dataplane().workers() == 1 ? "none"
                                 : port.rss                            ? "rss"
                                                                       : "software"},
                    {"missed", statistics.missed},
                    {"no_mbuf", statistics.no_mbuf}});
  }
  return rows;
}

/// Ports with local_addresses: how many, connections that use them, and flows refused for want of
/// one.
Json local_addresses_json(Controller& controller) {
  Json rows = Json::array();
  Dataplane& dataplane = controller.dataplane();
  const auto snapshot = dataplane.publisher().current();
  for (unsigned index = 0; index < dataplane.ports().count; ++index) {
    const LocalPool& pool = snapshot->local_pools[index];
    const size_t addresses = pool.ipv4.size() + pool.ipv6.size();
    uint64_t used = 0;
    uint64_t refused = 0;
    for (unsigned worker = 0; worker < dataplane.workers(); ++worker) {
      const WorkerCounters& counters = dataplane.counters(static_cast<WorkerIndex>(worker));
      used += counters.local_ports_used[index].get();
      refused +=
          counters.ports[index].verdicts[static_cast<unsigned>(Verdict::kLocalPortsUsedUp)].get();
    }
    if (addresses == 0 && used == 0 && refused == 0) continue;
    rows.push_back({{"port", dataplane.ports()[static_cast<PortIndex>(index)].name},
                    {"addresses", addresses},
                    {"used", used},
                    {"refused", refused}});
  }
  return rows;
}

Json pools_json() {
  Json rows = Json::array();
  rte_mempool_walk(
      [](rte_mempool* pool, void* out) {
        static_cast<Json*>(out)->push_back(
            {{"name", pool->name}, {"used", rte_mempool_in_use_count(pool)}, {"size", pool->size}});
      },
      &rows);
  return rows;
}

/// Overrides of servers that the file does not name: nothing else shows them.
Json waiting_overrides(const DesiredState& state) {
  Json rows = Json::array();
  for (const auto& [key, said] : state.overrides) {
    const VirtualService* service = state.find(key.first);
    bool present = false;
    if (service)
      for (const RealServer& server : service->servers)
        present = present || (server.life == ServerLife::kPresent && server.key == key.second);
    if (!present) rows.push_back({{"service", key.first}, {"server", key.second.to_string()}});
  }
  return rows;
}

}  // namespace

void status(Controller& controller, const Json&, const Respond& respond) {
  respond(Json{{"name", controller.config().daemon.name},
               {"version", LBD_VERSION},
               {"uptime_s", controller.uptime().count()},
               {"generation", controller.generation()},
               {"config_hash", controller.config().hash},
               {"workers", workers_json(controller)},
               {"ports", ports_json(controller)},
               {"pools", pools_json()},
               {"local_addresses", local_addresses_json(controller)},
               {"overrides_without_server", waiting_overrides(controller.state())}});
}

}  // namespace lbd::api
