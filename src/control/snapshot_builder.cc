// SPDX-License-Identifier: Apache-2.0
#include "control/snapshot_builder.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace lbd {
namespace {

using AddressSet = std::unordered_set<IpAddress>;

/// A real server with an address of this host is the director itself, wherever the address came
/// from (the file, VRRP, an operator).
Forwarding forwarding_of(const RealServer& server, const AddressSet& own) {
  const IpAddress& address = server.key.address;
  return address.is_loopback() || own.contains(address) ? Forwarding::kLocal : server.forwarding;
}

/// A server keeps its tunnel, and what was learnt of the path, for its life.
std::shared_ptr<const Encapsulation> tunnel_of(const RealServer& server, const Snapshot& before) {
  if (server.forwarding != Forwarding::kTun) return nullptr;
  const TunnelType type = server.tunnel.type;
  const auto& address = server.key.address;
  const auto old = server.id < before.tunnels.size() ? before.tunnels[server.id] : nullptr;
  if (old && old->type() == type && old->destination() == address &&
      old->port() == server.tunnel.port)
    return old;
  return std::make_shared<const Encapsulation>(type, address, server.tunnel.port);
}

/// A server's place in a table of hashes outlives weight 0. Where no weight but 0 is known, as
/// after a restart, it counts as 1, so that directors agree.
uint32_t table_weight(const RealServer& server, const Service* old) {
  if (server.weight != 0) return server.weight;
  if (old != nullptr)
    for (const Candidate& candidate : old->candidates)
      if (candidate.server == server.id) return candidate.table_weight;
  return std::max(server.configured_weight, 1u);
}

std::vector<Candidate> candidates_of(const VirtualService& service, const AddressSet& own,
                                     const Service* old) {
  std::vector<Candidate> out;
  out.reserve(service.servers.size());
  for (const RealServer& server : service.servers) {
    if (server.life != ServerLife::kPresent || !server.offered) continue;
    const Endpoint identity{server.key.address, server.key.port.value_or(0)};
    out.push_back({server.id, server.weight, server.next_hop, forwarding_of(server, own),
                   table_weight(server, old), stable_identity(identity),
                   server.thresholds.max != 0});
  }
  return out;
}

bool needs_exact_counts(const Service& service) {
  return compares_loads(service.scheduler) ||
         std::any_of(service.candidates.begin(), service.candidates.end(),
                     [](const Candidate& candidate) { return candidate.limited; });
}

/// The old object where nothing of it changes, else a new one.
std::shared_ptr<const Service> service_object(const VirtualService& wanted,
                                              const std::shared_ptr<const Service>& old,
                                              const AddressSet& own, unsigned workers) {
  const uint8_t protocol = static_cast<uint8_t>(wanted.protocol);
  std::vector<Candidate> candidates = candidates_of(wanted, own, old.get());
  if (old && old->name == wanted.name && old->protocol == protocol &&
      old->scheduler == wanted.scheduler && old->scheduler_options == wanted.scheduler_options &&
      old->candidates == candidates)
    return old;
  auto service = std::make_shared<Service>();
  service->id = wanted.id;
  service->name = wanted.name;
  service->protocol = protocol;
  service->scheduler = wanted.scheduler;
  service->scheduler_options = wanted.scheduler_options;
  service->candidates = std::move(candidates);
  service->exact_counts = needs_exact_counts(*service);
  make_schedules(*service, workers, old.get());
  return service;
}

/// Where packets go, and who answers: also of servers on their way out, whose connections go on.
void set_targets(Snapshot& snapshot, const DesiredState& state, const AddressSet& own) {
  snapshot.targets.resize(state.owner.size());
  std::vector<Endpoint> tcp;
  std::vector<Endpoint> udp;
  for (const auto& service : state.services) {
    if (!service) continue;
    auto& sources = service->protocol == config::Protocol::kTcp ? tcp : udp;
    for (const RealServer& server : service->servers) {
      Target& target = snapshot.targets[server.id];
      target = {forwarding_of(server, own), server.key.address, server.key.port.value_or(0)};
      if (!sees_replies(target.forwarding)) continue;
      for (const Endpoint& listen : service->listen)
        sources.push_back({server.key.address, server.key.port.value_or(listen.port)});
    }
  }
  snapshot.reply_sources = ReplySources(tcp, udp);
}

/// A service's address beats a local one: a VIP exposes nothing but what its service names. That
/// holds for a removed service while connections to it are left, or the kernel would reset them.
AddressTable address_table(const DesiredState& state, const std::vector<OwnAddress>& local) {
  std::unordered_map<IpAddress, AddressTable::Entry> entries;
  for (const OwnAddress& own : local) entries[own.address] = {own.address, AddressKind::kLocal, {}};
  for (const auto& service : state.services) {
    if (!service) continue;
    for (const Endpoint& listen : service->listen) {
      AddressTable::Entry& entry = entries[listen.address];
      entry.address = listen.address;
      entry.kind = AddressKind::kService;
      if (service->removed) continue;
      for (const uint16_t port : service->local_ports)
        if (std::find(entry.local_ports.begin(), entry.local_ports.end(), port) ==
            entry.local_ports.end())
          entry.local_ports.push_back(port);
    }
  }
  // Whether an instance holds its address or not, workers must know that it is one.
  for (const auto& [address, vip] : *state.virtual_addresses) {
    AddressTable::Entry& entry = entries[address];
    entry.address = address;
    if (entry.kind == AddressKind::kNone && vip.owned) entry.kind = AddressKind::kLocal;
    entry.vip = vip.slot;
    entry.silent = vip.owned && vip.silent;
    if (entry.kind == AddressKind::kNone) entries.erase(address);
  }
  std::vector<AddressTable::Entry> list;
  list.reserve(entries.size());
  for (auto& [address, entry] : entries) list.push_back(std::move(entry));
  return AddressTable(std::move(list));
}

/// A link-local address or a VIP is a poor sender of ICMP errors.
void choose_port_addresses(Snapshot& snapshot, const std::vector<OwnAddress>& local) {
  for (const OwnAddress& own : local) {
    if (own.address.is_link_local()) continue;
    const AddressTable::Entry& entry = *snapshot.addresses.find(own.address);
    if (entry.kind == AddressKind::kService || entry.vip != 0) continue;
    PortAddresses& chosen = snapshot.port_addresses[own.port];
    std::optional<IpAddress>& slot = own.address.is_v4() ? chosen.ipv4 : chosen.ipv6;
    if (!slot) slot = own.address;
  }
}

}  // namespace

std::shared_ptr<const Snapshot> build_snapshot(const SnapshotInputs& inputs) {
  auto next = std::make_shared<Snapshot>();
  next->generation = inputs.before.generation + 1;
  next->services.resize(inputs.state.services.size());
  next->purged.resize(inputs.state.owner.size(), false);
  next->exact.resize(inputs.state.owner.size(), false);
  next->tunnels.resize(inputs.state.owner.size());
  next->thresholds.resize(inputs.state.owner.size());
  AddressSet own;
  for (const OwnAddress& local : inputs.local_addresses) own.insert(local.address);
  std::vector<ListenTable::Entry> listens;
  for (const auto& wanted : inputs.state.services) {
    if (!wanted) continue;
    const ServiceId id = wanted->id;
    const auto old = id < inputs.before.services.size() ? inputs.before.services[id] : nullptr;
    next->services[id] = service_object(*wanted, old, own, inputs.workers);
    for (const RealServer& server : wanted->servers) {
      next->purged[server.id] = server.life == ServerLife::kPurging;
      next->tunnels[server.id] = tunnel_of(server, inputs.before);
      next->exact[server.id] = next->services[id]->exact_counts;
      next->thresholds[server.id] = server.thresholds;
    }
    if (wanted->removed) continue;
    for (const Endpoint& listen : wanted->listen)
      listens.push_back({listen.address, listen.port, static_cast<uint8_t>(wanted->protocol),
                         next->services[id].get()});
  }
  set_targets(*next, inputs.state, own);
  next->listens = ListenTable(std::move(listens));
  next->addresses = address_table(inputs.state, inputs.local_addresses);
  choose_port_addresses(*next, inputs.local_addresses);
  complete_tunnels(*next);
  return next;
}

}  // namespace lbd
