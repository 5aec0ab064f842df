// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "common/address.h"
#include "dataplane/forward/method.h"
#include "dataplane/fragment.h"
#include "dataplane/next_hop.h"
#include "dataplane/snapshot.h"
#include "dataplane/tcp_state.h"

namespace lbd::test {

inline constexpr unsigned kUnlimited = std::numeric_limits<unsigned>::max();

struct PortSpec {
  std::string name;
  MacAddress mac;
  uint16_t mtu = 1500;
  bool link = true;
  bool rss = false;               // the device claims to steer by the owner function
  unsigned accepts = kUnlimited;  // frames that the device takes at once
  unsigned tx_queues = 0;         // 0: one a worker
  unsigned rx_queues = 1;
  std::vector<IpAddress> addresses;
  std::vector<IpAddress> local_addresses;
};

struct ServerSpec {
  std::string name;
  uint32_t weight = 1;
  Thresholds thresholds;
  Fate fate = Fate::kServed;
  NextHop hop;
  Forwarding forwarding = Forwarding::kDr;
  IpAddress address;       // where packets go by nat or a tunnel
  uint16_t real_port = 0;  // 0: the client's
  TunnelType tunnel = TunnelType::kIpip;
  uint16_t tunnel_port = 6080;
};

struct ServiceSpec {
  std::string name;
  uint8_t protocol = 6;
  SchedulerKind scheduler = SchedulerKind::kRr;
  SchedulerOptions scheduler_options;
  Persistence persistence;
  RateLimits limits;
  bool one_packet = false;
  ClientAddress client_address = ClientAddress::kNone;
  MssPolicy mss;
  std::vector<Endpoint> listens;
  std::vector<ServerSpec> servers;
};

struct RouteSpec {
  Prefix to;
  std::vector<std::string> via;  // names of gateways; none: on link
  PortIndex port = 0;

  bool operator==(const RouteSpec&) const = default;
};

/// The world around the workers, and what they are configured to do.
struct Topology {
  unsigned workers = 1;
  uint32_t max_connections = 64;  // on each worker
  uint32_t half_open_quota = 32;
  bool sloppy_tcp = false;
  TimeoutsMs timeouts;
  FragmentLimits fragments;
  std::vector<PortSpec> ports;
  std::vector<ServiceSpec> services;
  std::map<IpAddress, std::vector<uint16_t>> local_ports;
  /// Addresses of VRRP instances: whether this director holds them.
  std::map<IpAddress, bool> virtual_addresses;
  std::vector<IpAddress> silent;  // of those: with accept: false
  std::map<std::string, NextHop> gateways;
  std::map<IpAddress, NextHop> neighbours;  // on link
  std::vector<RouteSpec> routes;

  // How much the surroundings take.
  unsigned punt_ring = kUnlimited;      // packets for the kernel, per step
  unsigned notice_ring = kUnlimited;    // notices about replies between two workers
  unsigned hand_off_ring = kUnlimited;  // packets that wait at a worker
  unsigned note_queue = kUnlimited;     // notes on fragments that wait at a worker
  unsigned reply_buffers = kUnlimited;  // buffers for packets of lbd's own, per step
};

}  // namespace lbd::test
