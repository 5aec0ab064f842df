// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "control/api/verbs.h"

namespace lbd::api {
namespace {

/// Sums over some workers and ports.
struct Sums {
  std::array<uint64_t, kOriginCount> origins{};
  std::array<uint64_t, kVerdictCount> verdicts{};
  std::array<uint64_t, kEventCount> events{};
  uint64_t held = 0;

  void add(const PortCounters& port) {
    for (unsigned i = 0; i < kOriginCount; ++i) origins[i] += port.origins[i].get();
    for (unsigned i = 0; i < kVerdictCount; ++i) verdicts[i] += port.verdicts[i].get();
  }
  void add(const WorkerCounters& worker) {
    for (const PortCounters& port : worker.ports) add(port);
    for (unsigned i = 0; i < kEventCount; ++i) events[i] += worker.events[i].get();
    held += worker.held.get();
  }
  void add(const Sums& other) {
    for (unsigned i = 0; i < kOriginCount; ++i) origins[i] += other.origins[i];
    for (unsigned i = 0; i < kVerdictCount; ++i) verdicts[i] += other.verdicts[i];
    for (unsigned i = 0; i < kEventCount; ++i) events[i] += other.events[i];
    held += other.held;
  }
};

Json verdicts_json(const Sums& sums) {
  Json json = Json::object();
  for (unsigned i = 0; i < kVerdictCount; ++i)
    json[std::string(kVerdicts[i].name)] = sums.verdicts[i];
  return json;
}

void add_sums(Json& json, const Sums& sums) {
  for (unsigned i = 0; i < kOriginCount; ++i) json[std::string(kOrigins[i])] = sums.origins[i];
  json["held"] = sums.held;
  json["verdicts"] = verdicts_json(sums);
  json["events"] = Json::object();
  for (unsigned i = 0; i < kEventCount; ++i)
    json["events"][std::string(kEvents[i].name)] = sums.events[i];
}

Json port_json(Controller& controller, PortIndex index) {
  Dataplane& dataplane = controller.dataplane();
  Sums sums;
  for (unsigned worker = 0; worker < dataplane.workers(); ++worker)
    sums.add(dataplane.counters(static_cast<WorkerIndex>(worker)).ports[index]);
  const PortInfo& port = dataplane.ports()[index];
  const PortStatistics device = read_statistics(port);
  const TapCounters& tap = controller.kernel().tap_thread().counters(index);
  return {{"name", port.name},
          {"received", sums.origins[static_cast<unsigned>(Origin::kReceived)]},
          {"sent", device.sent},
          {"forwarded", sums.verdicts[static_cast<unsigned>(Verdict::kForwarded)]},
          {"missed", device.missed},
          {"no_mbuf", device.no_mbuf},
          {"rx_errors", device.rx_errors},
          {"tx_errors", device.tx_errors},
          {"to_kernel", tap.to_kernel.get()},
          {"to_kernel_dropped", tap.to_kernel_dropped.get()},
          {"from_kernel", tap.from_kernel.get()},
          {"from_kernel_dropped", tap.from_kernel_dropped.get()},
          {"verdicts", verdicts_json(sums)}};
}

}  // namespace

void counters(Controller& controller, const Json&, const Respond& respond) {
  Dataplane& dataplane = controller.dataplane();
  Sums total;
  Json workers = Json::array();
  for (unsigned index = 0; index < dataplane.workers(); ++index) {
    const auto worker = static_cast<WorkerIndex>(index);
    Sums sums;
    sums.add(dataplane.counters(worker));
    total.add(sums);
    Json row{{"worker", index}, {"core", dataplane.worker_core(worker)}};
    add_sums(row, sums);
    workers.push_back(std::move(row));
  }
  Json json = Json::object();
  add_sums(json, total);
  json["workers"] = std::move(workers);
  json["ports"] = Json::array();
  for (unsigned port = 0; port < dataplane.ports().count; ++port)
    json["ports"].push_back(port_json(controller, static_cast<PortIndex>(port)));
  respond(std::move(json));
}

}  // namespace lbd::api
