// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/address.h"
#include "vrrp/packet.h"
#include "vrrp/timers.h"

// What there shall be, as plain values. Interfaces are known by index: control has resolved names.
namespace lbd::vrrp {

struct VirtualAddress {
  Prefix prefix;        // host part kept
  int ifindex = 0;      // the interface that has it while held
  int announce_on = 0;  // the one that it is announced on: the same, or what that is a macvlan of
  MacAddress mac;       // that it is announced with
  bool advertise = true;
  /// Written by the VRRP thread alone, read by workers: 1 while this director holds the address.
  /// Null where no worker asks.
  std::atomic<uint8_t>* held = nullptr;

  bool same_place(const VirtualAddress& other) const {
    return prefix == other.prefix && ifindex == other.ifindex;
  }
};

struct VirtualRoute {
  Prefix to;
  std::optional<IpAddress> via;
  int ifindex = 0;  // 0: the kernel finds it by `via`
  std::optional<IpAddress> source;
  uint32_t metric = 0;
  auto operator<=>(const VirtualRoute&) const = default;
};

struct Announcing {
  unsigned repeat = 5;        // of each address, in each round
  Time delay{5'000'000'000};  // of the second round; 0: none
  Time refresh{0};            // one of each address every so often; 0: never
  Time interval{0};           // between two of an address in a round
};

/// Something that counts for the priority. What it is called is what it is known by:
/// "port wan0", "script check_nginx", "service web" ...
struct TrackConfig {
  std::string name;
  int weight = 0;  // -253..253; 0: down is FAULT, above 0: added while up, below: while down
  std::string interface = {};  // of a link, which the thread watches itself; else empty
};

/// A virtual router's own MAC address (RFC 9568 7.3) and what takes frames to it.
struct VirtualMac {
  MacAddress mac;
  int ifindex = 0;  // a macvlan on the instance's interface; up while master
  /// As VirtualAddress::held; null where no worker asks.
  std::atomic<uint8_t>* held = nullptr;
  bool operator==(const VirtualMac&) const = default;
};

struct InstanceConfig {
  std::string name;
  std::string interface;  // that it advertises on
  int ifindex = 0;
  std::optional<VirtualMac> virtual_mac;  // none: the interface's own
  Protocol protocol;
  uint8_t priority = 100;
  unsigned down_after = 3;
  Time takeover_delay{0};
  bool preempt = true;
  Time preempt_delay{0};
  std::vector<VirtualAddress> addresses;
  std::vector<VirtualRoute> routes;
  Announcing announcing;
  std::vector<TrackConfig> tracks;

  /// What a reload matches instances by.
  bool same_router(const InstanceConfig& other) const {
    return protocol.vrid == other.protocol.vrid && protocol.family == other.protocol.family &&
           interface == other.interface;
  }
};

struct GroupConfig {
  std::string name;
  std::vector<std::string> instances;
};

struct Plan {
  std::vector<InstanceConfig> instances;
  std::vector<GroupConfig> groups;
};

}  // namespace lbd::vrrp
