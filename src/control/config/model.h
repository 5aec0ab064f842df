// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "common/address.h"
#include "control/config/health_model.h"
#include "control/config/model_base.h"
#include "control/config/model_vrrp.h"
#include "dataplane/client_address.h"
#include "dataplane/forward/method.h"
#include "dataplane/mss_policy.h"
#include "dataplane/schedule/kind.h"

// What lb.yaml says, checked and with every default filled in. Plain values: the loader makes one,
// nobody changes it afterwards. Durations are milliseconds, sizes bytes, ports host order.
namespace lbd::config {

enum class LogLevel : uint8_t { kTrace, kDebug, kInfo, kWarn, kError };
enum class LogFormat : uint8_t { kText, kJson };

struct Daemon {
  std::string name;  // default: host name
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kText;
  std::string socket = "/run/lbd/lbd.sock";
  std::string state_file;  // empty: off
  bool operator==(const Daemon&) const = default;
};

enum class Idle : uint8_t { kPoll, kSleep };
enum class Steering : uint8_t { kAuto, kRss, kSoftware };

/// Seconds would do for IPVS; milliseconds keep one unit everywhere.
struct Timeouts {
  Milliseconds tcp_established{900'000};
  Milliseconds tcp_syn_sent{120'000};
  Milliseconds tcp_syn_recv{60'000};
  Milliseconds tcp_fin{120'000};
  Milliseconds tcp_close{10'000};
  Milliseconds udp{300'000};
  Milliseconds icmp{60'000};
  bool operator==(const Timeouts&) const = default;
};

/// What is remembered of datagrams in fragments, on each worker.
struct Fragments {
  uint32_t datagrams = 4096;
  uint32_t held = 1024;  // that wait for the first one
  uint64_t held_bytes = 2ull << 20;
  Milliseconds timeout{2'000};
  bool operator==(const Fragments&) const = default;
};

struct Dataplane {
  std::optional<unsigned> control_core;  // none: the first core that is no worker's
  std::vector<unsigned> worker_cores;    // lcore ids; CPUs unless eal_args maps them (--lcores)
  bool hugepages = true;
  uint64_t memory_bytes = 0;  // 0: auto
  uint32_t max_connections = 1'000'000;
  unsigned half_open_percent = 50;
  Idle idle = Idle::kPoll;
  Steering steering = Steering::kAuto;
  std::vector<uint8_t> rss_key;  // empty: the built-in one
  unsigned rss_table_size = 512;
  bool sloppy_tcp = false;
  std::vector<std::string> eal_args;
  Timeouts timeouts;
  Fragments fragments;
  Place place;
};

enum class DeviceKind : uint8_t { kPci, kMac, kAfXdp, kAfPacket, kVdev };

struct Device {
  DeviceKind kind = DeviceKind::kPci;
  std::string argument;  // PCI address, MAC, interface name, or the text after "vdev:"
  std::string text;      // as written in the file
};

struct Port {
  std::string name;  // also the TAP's; at most 15 bytes
  Device device;
  std::vector<Prefix> addresses;  // host part kept
  uint16_t mtu = 1500;
  unsigned queues = 0;  // 0: auto
  uint16_t rx_descriptors = 1024;
  uint16_t tx_descriptors = 1024;
  bool promiscuous = false;
  std::vector<IpAddress> local_addresses;  // sources of connections by fullnat
  Place place;
};

struct Route {
  Prefix to;  // host part zero; 0.0.0.0/0 and ::/0 for default
  std::optional<IpAddress> via;
  std::string port;  // empty: the kernel finds it by `via`
  std::optional<IpAddress> source;
  uint32_t metric = 0;  // 0: the kernel's default
  Place place;
  auto key() const { return std::tie(to, metric); }
};

enum class Protocol : uint8_t { kTcp = 6, kUdp = 17, kSctp = 132 };
using SchedulerKind = lbd::SchedulerKind;

struct Tunnel {
  TunnelType type = TunnelType::kIpip;
  uint16_t port = 6080;  // gue's UDP destination port; IANA's by default
  auto operator<=>(const Tunnel&) const = default;
};

struct Persistence {
  std::optional<Milliseconds> timeout;  // none: off
  uint8_t prefix4 = 32;
  uint8_t prefix6 = 128;
  bool keep_quiesced = true;
  bool operator==(const Persistence&) const = default;
};

/// New connections a second; 0: no limit.
struct RateLimits {
  uint32_t service = 0;
  uint32_t client = 0;
  bool operator==(const RateLimits&) const = default;
};

struct RealServer {
  IpAddress address;
  std::optional<uint16_t> port;             // none: the port that the client used
  uint32_t weight = 1;                      // 0..65535; 0: quiesced
  Forwarding forwarding = Forwarding::kDr;  // its own, else the service's
  Tunnel tunnel;                            // of kTun
  uint32_t max_connections = 0;             // 0: no maximum
  uint32_t min_connections = 0;  // an overloaded server takes new ones below this; 0: below 3/4 max
  ServerHealthOptions health;
  Place place;
  bool operator==(const RealServer&) const = default;
};

/// What a service listens on: an address or a prefix (host part zero), a port or a range of them.
struct Listen : Endpoint {
  uint16_t last_port = 0;  // `port` for a single one; 65535, with port 0, for all
  uint8_t length = 0;      // the address's number of bits for a single one

  Listen() = default;
  Listen(const Endpoint& endpoint)  // NOLINT: the usual case
      : Endpoint(endpoint),
        last_port(endpoint.port),
        length(static_cast<uint8_t>(endpoint.address.bits())) {}

  bool is_host() const { return length == address.bits(); }
  bool is_one_port() const { return last_port == port; }
  Prefix prefix() const { return {address, length}; }
  /// As the file has it: "192.0.2.20:80", "203.0.113.0/28:8000-8010", "[2001:db8::/64]:0".
  std::string to_string() const;
  auto operator<=>(const Listen&) const = default;
};

struct Service {
  std::string name;
  std::vector<Listen> listen;  // one family; at least one
  Protocol protocol = Protocol::kTcp;
  Forwarding forwarding = Forwarding::kDr;  // of servers that name none
  SchedulerKind scheduler = SchedulerKind::kWlc;
  SchedulerOptions scheduler_options;
  Milliseconds drain_timeout{300'000};  // how long a removed server's connections live on
  Persistence persistence;
  RateLimits limits;
  bool one_packet = false;
  MssPolicy mss;
  ClientAddress client_address = ClientAddress::kNone;
  std::vector<uint16_t> local_ports;  // ports of these addresses that the kernel twin may answer
  ServiceHealth health;
  std::vector<RealServer> real_servers;
  Place place;
  bool operator==(const Service&) const = default;
};

/// The checks of one server of a service.
inline const HealthChecks& checks_of(const Service& service, const RealServer& server) {
  return server.health.checks ? *server.health.checks : service.health.checks;
}

struct Config {
  Daemon daemon;
  Place daemon_place;  // of the section lbd; the root file without a line where there is none
  Dataplane dataplane;
  std::vector<Port> ports;
  std::vector<Route> routes;
  Vrrp vrrp;
  std::vector<Service> services;
  std::vector<std::string> files;  // every file read, the first one the root
  std::string hash;                // of the text of all files; shown by lbctl status
};

}  // namespace lbd::config
