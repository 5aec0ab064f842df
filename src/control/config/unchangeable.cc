// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include "control/config/difference.h"
#include "control/config/units.h"

namespace lbd::config {
namespace {

/// Collects what differs; each call compares one key.
class Refusals {
 public:
  template <class T>
  void same(const Place& place, const std::string& path, const T& running, const T& next) {
    if (!(running == next)) refuse(place, path);
  }

  void refuse(const Place& place, const std::string& path) {
    errors_.push_back({place, path, "cannot change on reload", "restart lbd"});
  }

  std::vector<ConfigError> take() { return std::move(errors_); }

 private:
  std::vector<ConfigError> errors_;
};

void compare_dataplane(Refusals& refusals, const Dataplane& running, const Dataplane& next) {
  const auto same = [&](const char* key, const auto& a, const auto& b) {
    refusals.same(next.place, std::string("dataplane.") + key, a, b);
  };
  same("control_core", running.control_core, next.control_core);
  same("worker_cores", running.worker_cores, next.worker_cores);
  same("hugepages", running.hugepages, next.hugepages);
  same("memory", running.memory_bytes, next.memory_bytes);
  same("max_connections", running.max_connections, next.max_connections);
  same("half_open_share", running.half_open_percent, next.half_open_percent);
  same("idle", running.idle, next.idle);
  same("steering", running.steering, next.steering);
  same("rss.key", running.rss_key, next.rss_key);
  same("rss.table_size", running.rss_table_size, next.rss_table_size);
  same("sloppy_tcp", running.sloppy_tcp, next.sloppy_tcp);
  same("eal_args", running.eal_args, next.eal_args);
  same("fragments", running.fragments, next.fragments);
  same("timeouts", running.timeouts, next.timeouts);
}

void compare_port(Refusals& refusals, const Port& running, const Port& next) {
  const auto same = [&](const char* key, const auto& a, const auto& b) {
    refusals.same(next.place, "port " + next.name + ": " + key, a, b);
  };
  same("device", running.device.kind, next.device.kind);
  if (running.device.kind == next.device.kind)
    same("device", running.device.argument, next.device.argument);
  same("mtu", running.mtu, next.mtu);
  same("queues", running.queues, next.queues);
  same("rx_descriptors", running.rx_descriptors, next.rx_descriptors);
  same("tx_descriptors", running.tx_descriptors, next.tx_descriptors);
  same("promiscuous", running.promiscuous, next.promiscuous);
}

const Port* find_port(const std::vector<Port>& ports, const std::string& name) {
  const auto found =
      std::find_if(ports.begin(), ports.end(), [&](const Port& port) { return port.name == name; });
  return found == ports.end() ? nullptr : &*found;
}

}  // namespace

std::vector<ConfigError> unchangeable(const Config& running, const Config& next) {
  Refusals refusals;
  const Place root{next.files.empty() ? "" : next.files.front(), 0, 0};
  refusals.same(next.daemon_place, "lbd.socket", running.daemon.socket, next.daemon.socket);
  refusals.same(next.daemon_place, "lbd.state_file", running.daemon.state_file,
                next.daemon.state_file);
  compare_dataplane(refusals, running.dataplane, next.dataplane);
  for (const Port& port : running.ports)
    if (find_port(next.ports, port.name) == nullptr)
      refusals.refuse(root, "port " + port.name + ": removed");
  for (const Port& port : next.ports) {
    const Port* old = find_port(running.ports, port.name);
    if (old == nullptr) {
      refusals.refuse(port.place, "port " + port.name + ": added");
    } else {
      compare_port(refusals, *old, port);
    }
  }
  return refusals.take();
}

}  // namespace lbd::config
