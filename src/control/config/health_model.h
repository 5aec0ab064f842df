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
  std::string host;     // empty: the address that is asked
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
  bool operator==(const HealthCheck&) const = default;
};
using HealthChecks = std::vector<HealthCheck>;

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
  std::optional<Endpoint> sorry_server;
  std::chrono::milliseconds slow_start{0};
  ServerNotify notify;
  bool operator==(const ServiceHealth&) const = default;
};

/// What a real server says of its own.
struct ServerHealthOptions {
  std::optional<HealthChecks> checks;  // in place of the service's
  bool operator==(const ServerHealthOptions&) const = default;
};

}  // namespace lbd::config
