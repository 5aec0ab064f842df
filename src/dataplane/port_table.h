// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

#include "common/address.h"
#include "dataplane/ids.h"
#include "dataplane/virtual_macs.h"

namespace lbd {

/// What the data plane knows of a port. All but the link is fixed once the port has started.
struct PortInfo {
  std::string name;    // the TAP's name too
  std::string device;  // as written in lb.yaml
  uint16_t ethdev = 0;
  int socket = 0;  // NUMA node; 0 where the device does not say
  MacAddress mac;
  uint16_t mtu = 1500;
  uint16_t rx_queues = 1;
  uint16_t tx_queues = 1;
  bool rss = false;                  // the device spreads by the owner function; else software does
  bool rx_checksum = false;          // the device checks IPv4, TCP and UDP checksums
  std::atomic<bool> link_up{false};  // written by control, read by workers
  VirtualMacs virtual_macs;

  PortInfo() = default;
  PortInfo(const PortInfo&) = delete;
  PortInfo& operator=(const PortInfo&) = delete;
};

struct PortTable {
  std::array<PortInfo, kMaxPorts> ports;
  unsigned count = 0;

  PortInfo& operator[](PortIndex port) { return ports[port]; }
  const PortInfo& operator[](PortIndex port) const { return ports[port]; }
};

/// Who serves which queue. Receive queue q of port p belongs to worker (p + q) mod workers; its
/// transmit queue of the same number as well. A worker without a transmit queue of its own on a
/// port hands what it sends there to the worker that has one: no queue is ever shared or locked.
inline WorkerIndex queue_worker(PortIndex port, uint16_t queue, unsigned workers) {
  return static_cast<WorkerIndex>((port + queue) % workers);
}
/// The transmit queue of `port` that `worker` uses, or -1: then via tx_worker().
inline int tx_queue(PortIndex port, const PortInfo& info, WorkerIndex worker, unsigned workers) {
  const unsigned queue = (worker + workers - port % workers) % workers;
  return queue < info.tx_queues ? static_cast<int>(queue) : -1;
}
/// Which worker sends for `worker` on `port` where it has no queue there.
inline WorkerIndex tx_worker(PortIndex port, const PortInfo& info, WorkerIndex worker,
                             unsigned workers) {
  return queue_worker(port, static_cast<uint16_t>(worker % info.tx_queues), workers);
}

}  // namespace lbd
