// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control/config/model_base.h"

// The section vrrp of lb.yaml, checked and with every default filled in (see model.h).
namespace lbd::config {

/// Where an instance speaks, or an address or route lies: a port of lbd's, or an interface of the
/// kernel that lbd does not own.
struct VrrpLink {
  std::string name;
  bool is_port = true;
  bool operator==(const VrrpLink&) const = default;
};

struct VrrpAddress {
  Prefix prefix;  // host part kept
  VrrpLink link;
  bool advertise = true;
  bool operator==(const VrrpAddress&) const = default;
};

struct VrrpRoute {
  Prefix to;
  std::optional<IpAddress> via;
  std::string port;  // empty: the kernel finds it by `via`
  std::optional<IpAddress> source;
  uint32_t metric = 0;
  bool operator==(const VrrpRoute&) const = default;
};

struct VrrpGratuitousArp {
  unsigned repeat = 5;
  Milliseconds delay{5000};
  Milliseconds refresh{0};
  Milliseconds interval{0};
  bool operator==(const VrrpGratuitousArp&) const = default;
};

struct VrrpTracked {
  std::string name;
  int weight = 0;
  bool operator==(const VrrpTracked&) const = default;
};

/// An address that is pinged.
struct VrrpTarget {
  IpAddress ping;
  Milliseconds interval{1000};
  unsigned rise = 1;
  unsigned fall = 3;
  int weight = 0;
  bool operator==(const VrrpTarget&) const = default;
  bool same_check(const VrrpTarget& other) const {
    return interval == other.interval && rise == other.rise && fall == other.fall;
  }
};

/// Commands to run on a change. None: not given.
struct VrrpNotify {
  CommandLine master;
  CommandLine backup;
  CommandLine fault;
  CommandLine stop;
  CommandLine any;
  std::string user;  // empty: as lbd itself
  Milliseconds timeout{30'000};
  bool operator==(const VrrpNotify&) const = default;
};

struct VrrpScript {
  std::string name;
  CommandLine command;
  Milliseconds interval{1000};
  Milliseconds timeout{1000};
  unsigned rise = 1;
  unsigned fall = 1;
  std::string user;  // empty: as lbd itself
  bool operator==(const VrrpScript&) const = default;
};

struct VrrpInstance {
  std::string name;
  VrrpLink link;
  uint8_t version = 3;
  uint8_t virtual_router_id = 0;
  uint8_t priority = 100;
  Milliseconds interval{1000};
  unsigned down_after = 3;
  Milliseconds takeover_delay{0};
  bool preempt = true;
  Milliseconds preempt_delay{0};
  bool accept = true;
  bool virtual_mac = false;
  bool pseudo_header = true;
  std::optional<IpAddress> source;  // none: the link's first one of the family (IPv6: link-local)
  std::vector<VrrpAddress> addresses;
  std::vector<VrrpRoute> routes;
  std::optional<std::array<uint8_t, 8>> password;  // padded with zeros
  std::optional<IpAddress> multicast_group;        // none: the RFC's
  std::vector<IpAddress> peers;                    // unicast
  VrrpGratuitousArp gratuitous_arp;
  bool track_own_port = true;
  bool track_dataplane = true;
  std::vector<VrrpTracked> track_ports;
  std::vector<VrrpTracked> track_scripts;
  std::vector<VrrpTracked> track_services;
  std::vector<VrrpTracked> track_processes;
  std::vector<VrrpTarget> track_targets;
  VrrpNotify notify;
  Place place;

  /// Of what it advertises.
  Family family() const {
    for (const VrrpAddress& address : addresses)
      if (address.advertise) return address.prefix.address.family();
    return Family::kIpv4;
  }
};

struct VrrpSyncGroup {
  std::string name;
  std::vector<std::string> instances;
  VrrpNotify notify;
  bool operator==(const VrrpSyncGroup&) const = default;
};

struct Vrrp {
  std::vector<VrrpInstance> instances;
  std::vector<VrrpScript> scripts;
  std::vector<VrrpSyncGroup> sync_groups;
};

}  // namespace lbd::config
