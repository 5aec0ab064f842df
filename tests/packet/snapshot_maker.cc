// SPDX-License-Identifier: Apache-2.0
#include "snapshot_maker.h"

#include <algorithm>
#include <map>
#include <set>

namespace lbd::test {
namespace {

const Service* service_before(const Snapshot* before, ServiceId id) {
  return before != nullptr && id < before->services.size() ? before->services[id].get() : nullptr;
}

std::shared_ptr<Service> make_service(const ServiceSpec& spec, unsigned workers, Names& names,
                                      const Snapshot* before) {
  auto service = std::make_shared<Service>();
  service->id = names.service(spec.name);
  service->name = spec.name;
  service->protocol = spec.protocol;
  service->scheduler = spec.scheduler;
  service->scheduler_options = spec.scheduler_options;
  service->exact_counts = compares_loads(spec.scheduler);
  service->persistence = spec.persistence;
  service->limits = spec.limits;
  service->one_packet = spec.one_packet;
  service->client_address = spec.client_address;
  service->mss = spec.mss;
  for (const ServerSpec& server : spec.servers) {
    const ServerId id = names.server(spec.name, server.name);
    if (server.fate != Fate::kServed) continue;
    const bool limited = server.thresholds.max != 0;
    service->candidates.push_back(
        {id, server.weight, id, server.forwarding, std::max(server.weight, 1u), id, limited});
    service->exact_counts |= limited;
  }
  make_schedules(*service, workers, service_before(before, service->id));
  return service;
}

void set_targets(Snapshot& snapshot, const Topology& topology, Names& names) {
  std::vector<Endpoint> tcp, udp, sctp;
  std::vector<OnePacketReplies::Entry> once;
  for (const ServiceSpec& service : topology.services) {
    for (const ServerSpec& server : service.servers) {
      const ServerId id = names.server(service.name, server.name);
      if (snapshot.targets.size() <= id) snapshot.targets.resize(id + 1);
      snapshot.targets[id] = {server.forwarding, server.address, server.real_port};
      if (!sees_replies(server.forwarding)) continue;
      for (const Endpoint& listen : service.listens) {
        const uint16_t port = server.real_port == 0 ? listen.port : server.real_port;
        (service.protocol == 6    ? tcp
         : service.protocol == 17 ? udp
                                  : sctp)
            .push_back({server.address, port});
        if (service.one_packet)
          once.push_back({server.address, port, id, listen.address, listen.port});
      }
    }
  }
  snapshot.reply_sources = ReplySources(tcp, udp, sctp);
  snapshot.one_packet_replies = OnePacketReplies(std::move(once));
}

std::vector<AddressTable::Entry> make_addresses(const Topology& topology) {
  std::map<IpAddress, AddressTable::Entry> all;
  for (const PortSpec& port : topology.ports)
    for (const IpAddress& address : port.addresses)
      all[address] = {address, AddressKind::kLocal, {}};
  for (const PortSpec& port : topology.ports)
    for (const IpAddress& address : port.local_addresses)
      all[address] = {address, AddressKind::kPool, {}};
  for (const ServiceSpec& service : topology.services)
    for (const Endpoint& listen : service.listens)
      all[listen.address] = {listen.address, AddressKind::kService, {}};
  for (const auto& [address, ports] : topology.local_ports)
    if (all.contains(address)) all[address].local_ports = ports;
  VipSlot slot = 0;
  for (const auto& [address, held] : topology.virtual_addresses) {
    AddressTable::Entry& entry = all[address];
    if (entry.kind == AddressKind::kNone) entry = {address, AddressKind::kLocal, {}};
    entry.vip = ++slot;
  }
  for (const IpAddress& address : topology.silent) all[address].silent = true;
  std::vector<AddressTable::Entry> out;
  for (auto& [address, entry] : all) out.push_back(std::move(entry));
  return out;
}

}  // namespace

std::shared_ptr<const Snapshot> make_snapshot(const Topology& topology, Names& names,
                                              const Snapshot* before) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->generation = before == nullptr ? 1 : before->generation + 1;
  for (size_t port = 0; port < topology.ports.size(); ++port)
    for (const IpAddress& address : topology.ports[port].addresses) {
      PortAddresses& own = snapshot->port_addresses[port];
      auto& first = address.is_v4() ? own.ipv4 : own.ipv6;
      if (!first) first = address;
    }
  // A removed service and a removed server's tunnel stay until they are purged; ids are not used
  // again here.
  if (before != nullptr) {
    snapshot->tunnels = before->tunnels;
    snapshot->services = before->services;
  }
  constexpr uint32_t kClients = 64;
  snapshot->clients = before != nullptr ? before->clients : std::make_shared<Clients>(7, kClients);
  for (size_t port = 0; port < topology.ports.size(); ++port)
    for (const IpAddress& address : topology.ports[port].local_addresses) {
      LocalPool& pool = snapshot->local_pools[port];
      (address.is_v4() ? pool.ipv4 : pool.ipv6).push_back(address);
    }
  std::vector<ListenTable::Entry> listens;
  std::set<ServerId> live;
  std::set<ServerId> exact;
  std::map<ServerId, Thresholds> thresholds;
  std::map<ServerId, Fate> fates;
  for (const ServiceSpec& spec : topology.services) {
    auto service = make_service(spec, topology.workers, names, before);
    for (const ServerSpec& server : spec.servers) {
      const ServerId id = names.server(spec.name, server.name);
      live.insert(id);
      if (snapshot->tunnels.size() <= id) snapshot->tunnels.resize(id + 1);
      if (server.forwarding == Forwarding::kTun && snapshot->tunnels[id] == nullptr)
        snapshot->tunnels[id] = std::make_shared<const Encapsulation>(server.tunnel, server.address,
                                                                      server.tunnel_port);
      thresholds[id] = server.thresholds;
      fates[id] = server.fate;
      snapshot->partings |= server.fate != Fate::kServed;
      if (service->exact_counts) exact.insert(names.server(spec.name, server.name));
    }
    for (const Endpoint& listen : spec.listens)
      listens.push_back({listen.address, listen.port, spec.protocol, service.get()});
    if (snapshot->services.size() <= service->id) snapshot->services.resize(service->id + 1);
    snapshot->services[service->id] = std::move(service);
  }
  set_targets(*snapshot, topology, names);
  snapshot->listens = ListenTable(std::move(listens));
  snapshot->addresses = AddressTable(make_addresses(topology));
  for (ServerId id = 0; id < names.servers_end(); ++id) {
    snapshot->purged.push_back(!live.contains(id));
    snapshot->exact.push_back(exact.contains(id));
    snapshot->thresholds.push_back(thresholds[id]);
    snapshot->fates.push_back(fates[id]);
  }
  complete_tunnels(*snapshot);
  return snapshot;
}

}  // namespace lbd::test
