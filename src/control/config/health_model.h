// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/address.h"
#include "control/config/model_base.h"

// Health checks and what hangs on them, as lb.yaml says it. Plain values, defaults filled in.
namespace lbd::config {

/// Connects, and closes.
struct TcpCheck {
  bool operator==(const TcpCheck&) const = default;
};

/// One page of an HTTP check.
struct HttpPage {
  struct Status {
    uint16_t first = 200;
    uint16_t last = 299;
    bool operator==(const Status&) const = default;
  };
  std::string path = "/";
  std::vector<Status> status{Status{}};
  std::string digest;  // of the body, lower case: 32 hexadecimal digits are MD5, 64 SHA-256
  std::string match;   // a regular expression that the body must match somewhere
  bool operator==(const HttpPage&) const = default;
};

struct HttpCheck {
  bool tls = false;
  std::string host;     // empty: `sni`, else the address that is asked
  std::string sni;      // empty: none is sent
  bool verify = false;  // the certificate must be good for `sni`, `host` or the address
  std::string ca_file;  // empty: the system's
  std::vector<HttpPage> pages;
  bool operator==(const HttpCheck&) const = default;
};

struct SmtpCheck {
  std::string helo;
  bool operator==(const SmtpCheck&) const = default;
};

struct DnsCheck {
  std::string name = ".";
  uint16_t type = 6;  // SOA
  bool operator==(const DnsCheck&) const = default;
};

struct UdpCheck {
  std::string send;    // bytes
  std::string expect;  // bytes that the answer must begin with
  bool require_reply = false;
  bool operator==(const UdpCheck&) const = default;
};

struct PingCheck {
  bool operator==(const PingCheck&) const = default;
};

struct ExecCheck {
  CommandLine command;
  bool dynamic_weight = false;
  bool operator==(const ExecCheck&) const = default;
};

struct HealthCheck {
  std::variant<TcpCheck, HttpCheck, SmtpCheck, DnsCheck, UdpCheck, PingCheck, ExecCheck> what;
  std::optional<IpAddress> address;  // none: the server's
  std::optional<uint16_t> port;      // none: the server's, or the service's first
  std::optional<IpAddress> source;   // none: the kernel's choice
  std::chrono::milliseconds interval{6'000};
  std::chrono::milliseconds timeout{5'000};
  unsigned retries = 1;
  std::chrono::milliseconds retry_delay{1'000};
  unsigned rise = 1;
  bool only_while_held = false;  // run: vip_held
  bool operator==(const HealthCheck&) const = default;
};
using HealthChecks = std::vector<HealthCheck>;

/// A server that takes the place of all others while the quorum is lost.
struct SorryServer {
  IpAddress address;
  std::optional<uint16_t> port;  // none: the one that the client used
  std::string to_string() const {
    return port ? Endpoint{address, *port}.to_string() : address.to_string();
  }
  bool operator==(const SorryServer&) const = default;
};

/// What becomes of the connections of a server that fails its checks, or that a sorry server takes
/// the place of.
enum class OnDown : uint8_t {
  kKeep,        // they go on; handshakes begin anew elsewhere
  kReset,       // clients are told at once
  kReschedule,  // datagrams and handshakes go elsewhere, other TCP clients are told when they send
};
/// And of one that is no longer named.
enum class OnRemoval : uint8_t { kDrain, kReset };

/// Gained at weight + hysteresis, lost below weight - hysteresis or at 0.
struct Quorum {
  uint32_t weight = 1;
  uint32_t hysteresis = 0;
  CommandLine up;
  CommandLine down;
  bool operator==(const Quorum&) const = default;
};

struct ServerNotify {
  CommandLine up;
  CommandLine down;
  bool operator==(const ServerNotify&) const = default;
};

/// What a service says of its servers' life.
struct ServiceHealth {
  HealthChecks checks;  // of servers without a list of their own
  bool initial_up = false;
  Quorum quorum;
  std::optional<SorryServer> sorry_server;
  OnDown on_quorum_lost = OnDown::kKeep;  // of servers that are up, once the sorry server serves
  OnDown on_down = OnDown::kKeep;
  OnRemoval on_removal = OnRemoval::kDrain;
  std::chrono::milliseconds slow_start{0};
  ServerNotify notify;
  bool operator==(const ServiceHealth&) const = default;
};

/// What a real server says of its own.
struct ServerHealthOptions {
  std::optional<HealthChecks> checks;  // in place of the service's
  bool inhibit_on_failure = false;     // a failed one has weight 0 and keeps what it has
  bool operator==(const ServerHealthOptions&) const = default;
};

}  // namespace lbd::config
