// SPDX-License-Identifier: Apache-2.0
#include "control/snapshot_builder.h"

#include <algorithm>
#include <random>
#include <utility>

#include "control/snapshot_parts.h"

namespace lbd {
namespace {

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

/// By the file's weight alone, which all directors know. A sorry server has a place while it
/// serves.
std::vector<Candidate> down_of(const VirtualService& service) {
  std::vector<Candidate> out;
  if (service.scheduler != SchedulerKind::kMh) return out;
  for (const RealServer& server : service.servers) {
    if (server.life != ServerLife::kPresent || server.offered || server.sorry) continue;
    const Endpoint identity{server.key.address, server.key.port.value_or(0)};
    out.push_back({server.id, 0, server.next_hop, server.forwarding,
                   std::max(server.configured_weight, 1u), stable_identity(identity)});
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
  std::vector<Candidate> down = down_of(wanted);
  if (old && old->name == wanted.name && old->protocol == protocol &&
      old->scheduler == wanted.scheduler && old->scheduler_options == wanted.scheduler_options &&
      old->mss == wanted.mss && old->client_address == wanted.client_address &&
      old->candidates == candidates && old->down == down &&
      old->persistence == persistence_of(wanted) && old->limits == limits_of(wanted) &&
      old->one_packet == wanted.one_packet)
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
  service->down = std::move(down);
  service->persistence = persistence_of(wanted);
  service->limits = limits_of(wanted);
  service->one_packet = wanted.one_packet;
  service->exact_counts = needs_exact_counts(*service);
  make_schedules(*service, workers, old.get());
  return service;
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

/// What a snapshot was made from.
struct Origin {
  std::vector<std::shared_ptr<VirtualService>> services;  // by ServiceId
  std::vector<OwnAddress> local;
  std::shared_ptr<const VirtualAddresses> virtual_addresses;
};

/// Null where so much has changed that nothing can be taken over.
const Origin* origin_of(const SnapshotInputs& inputs) {
  const auto* origin = static_cast<const Origin*>(inputs.before.origin.get());
  if (origin == nullptr || origin->local != inputs.local_addresses) return nullptr;
  const auto& vips = inputs.state.virtual_addresses;
  const bool same = origin->virtual_addresses == vips || *origin->virtual_addresses == *vips;
  return same ? origin : nullptr;
}

/// Services that are not the same object in both states.
ServiceChanges changes_since(const Origin* origin, const DesiredState& state) {
  ServiceChanges out;
  const size_t before = origin != nullptr ? origin->services.size() : 0;
  for (size_t id = 0; id < std::max(before, state.services.size()); ++id) {
    const VirtualService* old = id < before ? origin->services[id].get() : nullptr;
    const VirtualService* now = id < state.services.size() ? state.services[id].get() : nullptr;
    if (old != now) out.push_back({old, now});
  }
  return out;
}

void set_services(Snapshot& next, const SnapshotInputs& inputs, const Origin* origin,
                  const ServiceChanges& changes, const AddressSet& own) {
  const auto& before = inputs.before.services;
  if (origin != nullptr) next.services = before;
  next.services.resize(inputs.state.services.size());
  for (const auto& [old, now] : changes)
    if (now == nullptr) next.services[old->id] = nullptr;
  for (const auto& [old, now] : changes)
    if (now != nullptr)
      next.services[now->id] = service_object(
          *now, now->id < before.size() ? before[now->id] : nullptr, own, inputs.workers);
}

ListenTable listen_table(const Snapshot& next, const DesiredState& state) {
  std::vector<ListenTable::Entry> listens;
  listens.reserve(state.services.size());
  for (const auto& wanted : state.services) {
    if (!wanted || wanted->removed) continue;
    for (const config::Listen& listen : wanted->listen)
      listens.push_back({listen.address, listen.port, static_cast<uint8_t>(wanted->protocol),
                         next.services[wanted->id].get(), listen.last_port,
                         listen.is_host() ? kHostLength : listen.length});
  }
  return ListenTable(std::move(listens));
}

}  // namespace

std::shared_ptr<const Snapshot> build_snapshot(const SnapshotInputs& inputs) {
  auto next = std::make_shared<Snapshot>();
  const Snapshot& before = inputs.before;
  const DesiredState& state = inputs.state;
  const Origin* origin = origin_of(inputs);
  const ServiceChanges changes = changes_since(origin, state);
  AddressSet own;
  for (const OwnAddress& local : inputs.local_addresses) own.insert(local.address);
  next->generation = before.generation + 1;
  set_services(*next, inputs, origin, changes, own);
  set_servers(*next, origin != nullptr ? &before : nullptr, before, state, changes, own);
  next->listens = listen_table(*next, state);
  next->clients = clients_of(*next, before);
  next->addresses = origin != nullptr && !addresses_change(changes)
                        ? before.addresses
                        : address_table(state, inputs.local_addresses);
  set_pools(*next, inputs.local_addresses);
  choose_port_addresses(*next, inputs.local_addresses);
  complete_tunnels(*next);
  next->origin = std::make_shared<const Origin>(
      Origin{state.services, inputs.local_addresses, state.virtual_addresses});
  return next;
}

}  // namespace lbd
