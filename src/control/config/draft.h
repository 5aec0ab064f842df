// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "control/config/model.h"
#include "control/config/value.h"

// What the sections say, with the place of everything that a check across sections may complain
// of. Lists named ..._at run parallel to those of the model: what could not be read is in neither.
namespace lbd::config {

/// Addresses from `first` to `last`, both of one family.
struct AddressRange {
  IpAddress first;
  IpAddress last;
  bool contains(const IpAddress& address) const {
    return address.family() == first.family() && first <= address && address <= last;
  }
};

struct PortDraft {
  explicit PortDraft(const Value& item) : at(item) { port.place = item.place(); }

  Port port;  // name empty: it could not be read
  Value at;
  std::optional<Value> name_at;
  std::optional<Value> device_at;
  std::optional<Value> mtu_at;
  std::vector<Value> addresses_at;
  bool addresses_complete = true;  // false: some could not be read
  std::vector<AddressRange> local_addresses;
  std::vector<Value> local_addresses_at;
};

struct RouteDraft {
  explicit RouteDraft(const Value& item) : at(item) { route.place = item.place(); }

  Route route;
  Value at;
  std::optional<Value> via_at;
  std::optional<Value> port_at;
  std::optional<Value> source_at;
};

struct ServiceDraft {
  explicit ServiceDraft(const Value& item) : at(item) { service.place = item.place(); }

  Service service;  // name empty: it could not be read
  Value at;
  std::optional<Value> name_at;
  std::vector<Value> listen_at;
  std::vector<Value> real_servers_at;
  std::optional<Value> sorry_at;
};

struct VrrpInstanceDraft {
  explicit VrrpInstanceDraft(const Value& item) : at(item) { instance.place = item.place(); }

  VrrpInstance instance;  // name empty: it could not be read
  Value at;
  std::optional<Value> name_at;
  std::optional<Value> link_at;
  std::optional<Value> vrid_at;
  std::optional<Value> source_at;
  std::optional<Value> virtual_mac_at;
  std::optional<Value> accept_at;
  std::vector<Value> addresses_at;
  std::vector<Value> address_links_at;  // the address itself where it names no port
  std::vector<RouteDraft> routes;
  std::vector<Value> peers_at;
  std::vector<Value> track_ports_at;
  std::vector<Value> track_scripts_at;
  std::vector<Value> track_services_at;
  std::vector<Value> track_targets_at;
};

struct VrrpGroupDraft {
  explicit VrrpGroupDraft(const Value& item) : at(item) {}

  VrrpSyncGroup group;
  Value at;
  std::optional<Value> name_at;
  std::vector<Value> instances_at;
};

struct VrrpDraft {
  std::vector<VrrpInstanceDraft> instances;
  std::vector<VrrpScript> scripts;
  std::vector<Value> scripts_at;
  std::vector<VrrpGroupDraft> groups;
};

struct Draft {
  Daemon daemon;
  Place daemon_at;
  Dataplane dataplane;
  std::vector<PortDraft> ports;
  std::vector<RouteDraft> routes;
  VrrpDraft vrrp;
  std::vector<ServiceDraft> services;
};

}  // namespace lbd::config
