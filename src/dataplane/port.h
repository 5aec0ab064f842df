// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "dataplane/port_table.h"

struct rte_mempool;

namespace lbd {

/// What of a port's configuration the device needs. Names and units as in lb.yaml.
struct PortOptions {
  std::string name;
  std::string
      device;  // as written: "0000:03:00.0", "mac:..", "af_xdp:eth1", "af_packet:eth1", "vdev:.."
  uint16_t mtu = 1500;
  unsigned queues = 0;  // 0: as many as workers, or what the device has
  uint16_t rx_descriptors = 1024;
  uint16_t tx_descriptors = 1024;
  bool promiscuous = false;
  uint32_t held_packets = 0;  // that a worker may keep back, beyond what is always planned for
};

/// Memory that the port's packet buffers take, for the memory plan. Bytes.
uint64_t port_buffer_bytes(const PortOptions& options, unsigned workers);

enum class Steering : uint8_t { kAuto, kRss, kSoftware };

struct SteeringOptions {
  Steering mode = Steering::kAuto;
  std::vector<uint8_t> key;   // empty: default_rss_key()
  unsigned table_size = 512;  // on devices that cannot be asked
};

/// Attaches the device, configures queues, RSS by the owner function (key, and a redirection table
/// that equals the owner function's for this number of workers; else the port is not `rss`),
/// checksum offloads, MTU, all-multicast, buffers of the device's NUMA node; starts it and fills
/// `out`. `index` becomes the port's PortIndex. The error is one line: what and how to mend it.
/// Returns a line for the log: which steering was chosen for this port, and why.
Result<std::string> start_port(const PortOptions& options, PortIndex index, unsigned workers,
                               const SteeringOptions& steering, PortInfo& out);

/// Stops and closes the device and gives the kernel back its interface. Fine for a port that never
/// started. Its packet buffers stay until the process ends: some may be in other ports' rings.
void stop_port(PortInfo& port);

/// Reads the link from the device (control side; never on a worker).
bool read_link(const PortInfo& port);

/// Makes the device receive frames to this address, too, or no more (control side). A device that
/// has no filter for several becomes promiscuous and stays so. The error says what it has not.
Status receive_mac(const PortInfo& port, const MacAddress& mac, bool on);

/// Device statistics for lbctl.
struct PortStatistics {
  uint64_t received = 0, sent = 0;  // packets
  uint64_t received_bytes = 0, sent_bytes = 0;
  uint64_t missed = 0;   // the device had no descriptor free
  uint64_t no_mbuf = 0;  // no packet buffer
  uint64_t rx_errors = 0, tx_errors = 0;
};
PortStatistics read_statistics(const PortInfo& port);

}  // namespace lbd
