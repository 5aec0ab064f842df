// SPDX-License-Identifier: Apache-2.0
#include "control/options.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace lbd {
namespace {

Steering steering(config::Steering mode) {
  switch (mode) {
    case config::Steering::kAuto:
      return Steering::kAuto;
    case config::Steering::kRss:
      return Steering::kRss;
    case config::Steering::kSoftware:
      break;
  }
  return Steering::kSoftware;
}

uint64_t ms(config::Milliseconds duration) {
  return static_cast<uint64_t>(duration.count());
}

TimeoutsMs timeouts(const config::Timeouts& from) {
  TimeoutsMs out;
  out.established = ms(from.tcp_established);
  out.syn_sent = ms(from.tcp_syn_sent);
  out.syn_recv = ms(from.tcp_syn_recv);
  out.fin = ms(from.tcp_fin);
  out.close = ms(from.tcp_close);
  out.udp = ms(from.udp);
  out.icmp = ms(from.icmp);
  return out;
}

PortOptions port_options(const config::Port& port, const config::Dataplane& dataplane) {
  PortOptions out;
  out.name = port.name;
  out.device = port.device.text;
  out.mtu = port.mtu;
  out.queues = port.queues;
  out.rx_descriptors = port.rx_descriptors;
  out.tx_descriptors = port.tx_descriptors;
  out.promiscuous = port.promiscuous;
  out.held_packets = dataplane.fragments.held;
  return out;
}

}  // namespace

DataplaneOptions dataplane_options(const config::Config& config) {
  const config::Dataplane& from = config.dataplane;
  DataplaneOptions out;
  out.eal.control_core = from.control_core;
  out.eal.worker_cores = from.worker_cores;
  out.eal.hugepages = from.hugepages;
  out.eal.memory_bytes = from.memory_bytes;
  out.eal.extra_args = from.eal_args;
  out.eal.any_pci = std::any_of(config.ports.begin(), config.ports.end(), [](const auto& port) {
    return port.device.kind == config::DeviceKind::kPci ||
           port.device.kind == config::DeviceKind::kMac;
  });
  for (const config::Port& port : config.ports) out.ports.push_back(port_options(port, from));
  out.steering.mode = steering(from.steering);
  out.steering.key = from.rss_key;
  out.steering.table_size = from.rss_table_size;
  out.max_connections = from.max_connections;
  out.half_open_percent = from.half_open_percent;
  out.sloppy_tcp = from.sloppy_tcp;
  out.idle_sleep = from.idle == config::Idle::kSleep;
  out.timeouts = timeouts(from.timeouts);
  out.fragments = {from.fragments.datagrams, from.fragments.held, from.fragments.held_bytes,
                   ticks_for_timeout(ms(from.fragments.timeout))};
  out.eal.memory_needed_bytes = Dataplane::memory_needed(out);
  out.eal.memory_purpose =
      fmt::format("{} port(s) and {} connections on each of {} worker(s)", out.ports.size(),
                  out.max_connections, out.eal.worker_cores.size());
  return out;
}

}  // namespace lbd
