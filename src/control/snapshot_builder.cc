// SPDX-License-Identifier: Apache-2.0
#include "control/snapshot_builder.h"

#include <algorithm>
#include <map>
#include <random>
#include <unordered_set>
#include <utility>

#include "control/one_packet_replies.h"

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

Persistence persistence_of(const VirtualService& service) {
  const config::Persistence& wanted = service.persistence;
  if (!wanted.timeout) return {};
  return {true, ticks_for_timeout(static_cast<uint64_t>(wanted.timeout->count())), wanted.prefix4,
          wanted.prefix6, wanted.keep_quiesced};
}

RateLimits limits_of(const VirtualService& service) {
  return {service.limits.service, service.limits.client};
}

/// What all services remember of clients, made when the first one needs it.
std::shared_ptr<Clients> clients_of(const Snapshot& next, const Snapshot& before) {
  if (before.clients) return before.clients;
  const auto needs = [](const auto& service) {
    return service && (service->persistence.on || service->limits.client != 0);
  };
  if (std::none_of(next.services.begin(), next.services.end(), needs)) return nullptr;
  std::random_device random;
  return std::make_shared<Clients>(uint64_t{random()} << 32 | random());
}

/// The old object where nothing of it changes, else a new one.
std::shared_ptr<const Service> service_object(const VirtualService& wanted,
                                              const std::shared_ptr<const Service>& old,
                                              const AddressSet& own, unsigned workers) {
  const uint8_t protocol = static_cast<uint8_t>(wanted.protocol);
  std::vector<Candidate> candidates = candidates_of(wanted, own, old.get());
  if (old && old->name == wanted.name && old->protocol == protocol &&
      old->scheduler == wanted.scheduler && old->scheduler_options == wanted.scheduler_options &&
      old->mss == wanted.mss && old->client_address == wanted.client_address &&
      old->candidates == candidates && old->persistence == persistence_of(wanted) &&
      old->limits == limits_of(wanted) && old->one_packet == wanted.one_packet)
    return old;
  auto service = std::make_shared<Service>();
  service->id = wanted.id;
  service->name = wanted.name;
  service->protocol = protocol;
  service->scheduler = wanted.scheduler;
  service->scheduler_options = wanted.scheduler_options;
  service->mss = wanted.mss;
  service->client_address = wanted.client_address;
  service->candidates = std::move(candidates);
  service->persistence = persistence_of(wanted);
  service->limits = limits_of(wanted);
  service->one_packet = wanted.one_packet;
  service->exact_counts = needs_exact_counts(*service);
  make_schedules(*service, workers, old.get());
  return service;
}

/// UDP has no end that a client would see: with on_down: reschedule, as is its default, what a
/// removed server had goes to others too.
Fate fate_of(const VirtualService& service, const RealServer& server) {
  if (server.life != ServerLife::kPresent) {
    if (service.on_removal == config::OnRemoval::kReset) return Fate::kReset;
    const bool moves = service.protocol == config::Protocol::kUdp && !service.removed &&
                       service.on_down == config::OnDown::kReschedule;
    return moves ? Fate::kReschedule : Fate::kServed;
  }
  const bool serves = server.health.up || server.inhibit_on_failure;
  const bool in_shadow = serves && !server.offered && !server.sorry;  // of the sorry server
  if (serves && !in_shadow) return Fate::kServed;
  switch (in_shadow ? service.on_quorum_lost : service.on_down) {
    case config::OnDown::kKeep:
      return in_shadow ? Fate::kServed : Fate::kStale;
    case config::OnDown::kReset:
      return Fate::kReset;
    case config::OnDown::kReschedule:
      break;
  }
  return Fate::kReschedule;
}

/// Where packets go, and who answers: also of servers on their way out, whose connections go on.
void set_targets(Snapshot& snapshot, const DesiredState& state, const AddressSet& own) {
  snapshot.targets.resize(state.owner.size());
  std::vector<Endpoint> tcp;
  std::vector<Endpoint> udp;
  std::vector<Endpoint> sctp;
  for (const auto& service : state.services) {
    if (!service) continue;
    auto& sources = service->protocol == config::Protocol::kTcp   ? tcp
                    : service->protocol == config::Protocol::kUdp ? udp
                                                                  : sctp;
    for (const RealServer& server : service->servers) {
      Target& target = snapshot.targets[server.id];
      target = {forwarding_of(server, own), server.key.address, server.key.port.value_or(0)};
      if (!sees_replies(target.forwarding)) continue;
      for (const config::Listen& listen : service->listen) {
        const uint16_t port = listen.is_one_port() ? listen.port : 0;  // 0: whatever the port
        sources.push_back({server.key.address, server.key.port.value_or(port)});
      }
    }
  }
  snapshot.reply_sources = ReplySources(tcp, udp, sctp);
  snapshot.one_packet_replies = one_packet_replies(state, snapshot.targets);
}

using AddressEntries = std::map<std::pair<IpAddress, uint8_t>, AddressTable::Entry>;

/// An address within a service's prefix that needs an entry of its own is a service's all the same.
void adopt_prefix(const AddressEntries& entries, const std::vector<Prefix>& prefixes,
                  AddressTable::Entry& entry) {
  const Prefix* longest = nullptr;
  for (const Prefix& prefix : prefixes)
    if (prefix.contains(entry.address) && (longest == nullptr || prefix.length > longest->length))
      longest = &prefix;
  if (longest == nullptr) return;
  entry.kind = AddressKind::kService;
  entry.local_ports = entries.at({longest->address, longest->length}).local_ports;
}

/// A service's address beats a local one: a VIP exposes nothing but what its service names. That
/// holds for a removed service while connections to it are left, or the kernel would reset them.
AddressTable address_table(const DesiredState& state, const std::vector<OwnAddress>& local) {
  AddressEntries entries;
  std::vector<Prefix> prefixes;
  for (const auto& service : state.services) {
    if (!service) continue;
    for (const config::Listen& listen : service->listen) {
      const uint8_t length = listen.is_host() ? kHostLength : listen.length;
      AddressTable::Entry& entry = entries[{listen.address, length}];
      entry.address = listen.address;
      entry.length = length;
      if (!listen.is_host() && entry.kind == AddressKind::kNone)
        prefixes.push_back(listen.prefix());
      entry.kind = AddressKind::kService;
      if (service->removed) continue;
      for (const uint16_t port : service->local_ports)
        if (std::find(entry.local_ports.begin(), entry.local_ports.end(), port) ==
            entry.local_ports.end())
          entry.local_ports.push_back(port);
    }
  }
  for (const OwnAddress& own : local) {
    const auto holds = [&own](const Prefix& prefix) { return prefix.contains(own.address); };
    if (std::none_of(prefixes.begin(), prefixes.end(), holds))
      entries.try_emplace(
          {own.address, kHostLength},
          AddressTable::Entry{
              own.address, own.pool ? AddressKind::kPool : AddressKind::kLocal, {}});
  }
  // Whether an instance holds its address or not, workers must know that it is one.
  for (const auto& [address, vip] : *state.virtual_addresses) {
    AddressTable::Entry& entry = entries[{address, kHostLength}];
    entry.address = address;
    if (entry.kind == AddressKind::kNone) adopt_prefix(entries, prefixes, entry);
    if (entry.kind == AddressKind::kNone && vip.owned) entry.kind = AddressKind::kLocal;
    entry.vip = vip.slot;
    entry.silent = vip.owned && vip.silent;
    if (entry.kind == AddressKind::kNone) entries.erase({address, kHostLength});
  }
  std::vector<AddressTable::Entry> list;
  list.reserve(entries.size());
  for (auto& [prefix, entry] : entries) list.push_back(std::move(entry));
  return AddressTable(std::move(list));
}

/// A link-local address or a VIP is a poor sender of ICMP errors.
void choose_port_addresses(Snapshot& snapshot, const std::vector<OwnAddress>& local) {
  for (const OwnAddress& own : local) {
    if (own.address.is_link_local()) continue;
    const AddressTable::Entry& entry = *snapshot.addresses.find(own.address);
    if (entry.kind != AddressKind::kLocal || entry.vip != 0) continue;
    PortAddresses& chosen = snapshot.port_addresses[own.port];
    std::optional<IpAddress>& slot = own.address.is_v4() ? chosen.ipv4 : chosen.ipv6;
    if (!slot) slot = own.address;
  }
}

void set_pools(Snapshot& snapshot, const std::vector<OwnAddress>& local) {
  for (const OwnAddress& own : local) {
    if (!own.pool) continue;
    LocalPool& pool = snapshot.local_pools[own.port];
    (own.address.is_v4() ? pool.ipv4 : pool.ipv6).push_back(own.address);
  }
}

}  // namespace

std::shared_ptr<const Snapshot> build_snapshot(const SnapshotInputs& inputs) {
  auto next = std::make_shared<Snapshot>();
  next->generation = inputs.before.generation + 1;
  next->services.resize(inputs.state.services.size());
  next->purged.resize(inputs.state.owner.size(), false);
  next->exact.resize(inputs.state.owner.size(), false);
  next->fates.resize(inputs.state.owner.size(), Fate::kServed);
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
      next->fates[server.id] = fate_of(*wanted, server);
      next->partings |= next->fates[server.id] != Fate::kServed;
      next->tunnels[server.id] = tunnel_of(server, inputs.before);
      next->exact[server.id] = next->services[id]->exact_counts;
      next->thresholds[server.id] = server.thresholds;
    }
    if (wanted->removed) continue;
    for (const config::Listen& listen : wanted->listen)
      listens.push_back({listen.address, listen.port, static_cast<uint8_t>(wanted->protocol),
                         next->services[id].get(), listen.last_port,
                         listen.is_host() ? kHostLength : listen.length});
  }
  set_targets(*next, inputs.state, own);
  next->listens = ListenTable(std::move(listens));
  next->clients = clients_of(*next, inputs.before);
  next->addresses = address_table(inputs.state, inputs.local_addresses);
  set_pools(*next, inputs.local_addresses);
  choose_port_addresses(*next, inputs.local_addresses);
  complete_tunnels(*next);
  return next;
}

}  // namespace lbd
