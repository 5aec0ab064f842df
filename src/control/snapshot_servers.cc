// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "control/snapshot_parts.h"

namespace lbd {
namespace {

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

/// UDP has no end that a client would see: with on_down: reschedule, as is its default, what a
/// removed server had goes to others too.
Fate fate_of(const VirtualService& service, const RealServer& server) {
  if (server.life != ServerLife::kPresent) {
    if (service.on_removal == config::OnRemoval::kReset) return Fate::kReset;
    const bool moves = service.protocol == config::Protocol::kUdp && !service.removed &&
                       service.on_down == config::OnDown::kReschedule;
    return moves ? Fate::kReschedule : Fate::kServed;
  }
  if (server.health.up || server.inhibit_on_failure) return Fate::kServed;
  switch (service.on_down) {
    case config::OnDown::kKeep:
      return Fate::kStale;
    case config::OnDown::kReset:
      return Fate::kReset;
    case config::OnDown::kReschedule:
      break;
  }
  return Fate::kReschedule;
}

void forget(Snapshot& next, ServerId id) {
  if (id >= next.targets.size()) return;
  next.purged[id] = false;
  next.fates[id] = Fate::kServed;
  next.tunnels[id] = nullptr;
  next.exact[id] = false;
  next.thresholds[id] = {};
  next.targets[id] = {};
}

void set_server(Snapshot& next, const Snapshot& before, const VirtualService& service,
                const RealServer& server, const AddressSet& own) {
  next.purged[server.id] = server.life == ServerLife::kPurging;
  next.fates[server.id] = fate_of(service, server);
  next.tunnels[server.id] = tunnel_of(server, before);
  next.exact[server.id] = next.services[service.id]->exact_counts;
  next.thresholds[server.id] = server.thresholds;
  next.targets[server.id] = {forwarding_of(server, own), server.key.address,
                             server.key.port.value_or(0)};
}

/// Who answers through the director: also servers on their way out, whose connections go on.
std::vector<Endpoint> sources_of(const VirtualService& service, const AddressSet& own) {
  std::vector<Endpoint> out;
  for (const RealServer& server : service.servers) {
    if (!sees_replies(forwarding_of(server, own))) continue;
    for (const config::Listen& listen : service.listen) {
      const uint16_t port = listen.is_one_port() ? listen.port : 0;  // 0: whatever the port
      out.push_back({server.key.address, server.key.port.value_or(port)});
    }
  }
  return out;
}

bool sources_change(const ServiceChanges& changes, const AddressSet& own) {
  return std::ranges::any_of(changes, [&](const ServiceChange& change) {
    const auto& [old, now] = change;
    if (old == nullptr || now == nullptr) return !sources_of(old ? *old : *now, own).empty();
    return old->protocol != now->protocol || sources_of(*old, own) != sources_of(*now, own);
  });
}

ReplySources reply_sources(const DesiredState& state, const AddressSet& own) {
  std::vector<Endpoint> tcp;
  std::vector<Endpoint> udp;
  for (const auto& service : state.services) {
    if (!service) continue;
    const std::vector<Endpoint> sources = sources_of(*service, own);
    auto& all = service->protocol == config::Protocol::kTcp ? tcp : udp;
    all.insert(all.end(), sources.begin(), sources.end());
  }
  return {tcp, udp};
}

}  // namespace

Forwarding forwarding_of(const RealServer& server, const AddressSet& own) {
  const IpAddress& address = server.key.address;
  return address.is_loopback() || own.contains(address) ? Forwarding::kLocal : server.forwarding;
}

void set_servers(Snapshot& next, const Snapshot* base, const Snapshot& before,
                 const DesiredState& state, const ServiceChanges& changes, const AddressSet& own) {
  if (base != nullptr) {
    next.purged = base->purged;
    next.fates = base->fates;
    next.tunnels = base->tunnels;
    next.exact = base->exact;
    next.thresholds = base->thresholds;
    next.targets = base->targets;
    // A slot may go from one service to another.
    for (const ServiceChange& change : changes)
      if (change.before != nullptr)
        for (const RealServer& server : change.before->servers) forget(next, server.id);
  }
  const size_t slots = state.owner.size();
  next.purged.resize(slots, false);
  next.fates.resize(slots, Fate::kServed);
  next.tunnels.resize(slots);
  next.exact.resize(slots, false);
  next.thresholds.resize(slots);
  next.targets.resize(slots);
  for (const ServiceChange& change : changes)
    if (change.now != nullptr)
      for (const RealServer& server : change.now->servers)
        set_server(next, before, *change.now, server, own);
  next.partings = std::ranges::any_of(next.fates, [](Fate fate) { return fate != Fate::kServed; });
  next.reply_sources = base != nullptr && !sources_change(changes, own) ? base->reply_sources
                                                                        : reply_sources(state, own);
}

}  // namespace lbd
