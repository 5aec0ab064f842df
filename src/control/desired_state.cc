// SPDX-License-Identifier: Apache-2.0
#include "control/desired_state.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <unordered_set>
#include <utility>

namespace lbd {
namespace {

/// A server that names checks begins as the state file remembers it, else as the file says; one
/// that joins a service at work comes slowly.
ServerHealth first_health(const DesiredState& state, const config::Service& service,
                          const config::RealServer& named, const ServerKey& key, bool joins) {
  ServerHealth health;
  if (!config::checks_of(service, named).empty()) {
    health.up = service.health.initial_up;
    if (state.memory) {
      const auto known = state.memory->find({service.name, key});
      if (known != state.memory->end()) health.up = known->second;
    }
  }
  if (joins && health.up && service.health.slow_start.count() > 0) health.ramp_percent = 1;
  return health;
}

/// One that is known stays as it is, up or down, whatever checks it has now: they will tell.
/// Without any it is up.
ServerHealth next_health(const config::Service& service, const config::RealServer& named,
                         ServerHealth health) {
  if (config::checks_of(service, named).empty()) {
    health.up = true;
    health.dynamic_weight.reset();
  }
  if (service.health.slow_start.count() == 0) health.ramp_percent = 100;
  return health;
}

/// What makes a server of a service another one: address and port, and the tunnel to it, since
/// connections find that by the server's id.
using Way = std::tuple<ServerKey, bool, config::Tunnel>;

Way way_of(const RealServer& server) {
  return {server.key, server.forwarding == Forwarding::kTun, server.tunnel};
}

/// Makes a state's next version service by service.
class Transition {
 public:
  explicit Transition(const DesiredState& before) : next_(before) {}

  DesiredState take() { return std::move(next_); }
  DesiredState& state() { return next_; }
  size_t slots() const { return next_.owner.size(); }

  void present(const config::Service& wanted, Clock::time_point now) {
    const ServiceId known = next_.by_name.find(wanted.name);
    const ServiceId id = known == kNoId ? new_service(wanted.name) : known;
    const VirtualService* old = next_.services[id].get();
    auto service = std::make_shared<VirtualService>();
    service->id = id;
    service->name = wanted.name;
    service->protocol = wanted.protocol;
    service->scheduler = wanted.scheduler;
    service->forwarding = wanted.forwarding;
    service->scheduler_options = wanted.scheduler_options;
    service->listen = wanted.listen;
    service->persistence = wanted.persistence;
    service->limits = wanted.limits;
    service->one_packet = wanted.one_packet;
    service->local_ports = wanted.local_ports;
    service->mss = wanted.mss;
    service->client_address = wanted.client_address;
    service->drain_timeout = wanted.drain_timeout;
    service->on_down = wanted.health.on_down;
    service->on_removal = wanted.health.on_removal;
    if (service->on_removal == config::OnRemoval::kReset)
      service->drain_timeout = std::min(service->drain_timeout, kResetGrace);
    service->slow_start = wanted.health.slow_start;
    service->quorum_weight = wanted.health.quorum.weight;
    service->quorum_hysteresis = wanted.health.quorum.hysteresis;
    service->has_quorum = old != nullptr && !old->removed && old->has_quorum;
    place_servers(*service, wanted, old, now);
    settle(*service, next_.overrides);
    if (!old || !(*old == *service)) next_.services[id] = std::move(service);
    next_.order.push_back(id);
  }

  /// One of the present file that stays as it is.
  void keep(const std::string& name) { next_.order.push_back(next_.by_name.find(name)); }

  void remove(ServiceId id, Clock::time_point now) {
    const VirtualService& old = *next_.services[id];
    next_.order.push_back(id);
    if (old.removed) return;
    auto service = std::make_shared<VirtualService>(old);
    service->removed = true;
    service->servers.clear();
    place_servers(*service, {}, &old, now);
    settle(*service, next_.overrides);
    const bool gone = service->servers.empty();
    next_.services[id] = std::move(service);
    if (gone) free_service(id);
  }

  /// Makes a copy of a service that may be changed.
  VirtualService& change(ServiceId id) {
    if (changed_.insert(id).second)
      next_.services[id] = std::make_shared<VirtualService>(*next_.services[id]);
    return *next_.services[id];
  }

  /// Copies of the services that these servers belong to; ids of free slots are passed over.
  std::vector<VirtualService*> change_owners(const std::vector<ServerId>& ids) {
    std::vector<VirtualService*> out;
    for (const ServerId id : ids) {
      if (id >= next_.owner.size() || next_.owner[id] == kNoId) continue;
      if (!changed_.contains(next_.owner[id])) out.push_back(&change(next_.owner[id]));
    }
    return out;
  }

  void free_service(ServiceId id) {
    next_.by_name.erase(next_.services[id]->name);
    next_.services[id] = nullptr;
    next_.free_services.push_back(id);
    std::erase(next_.order, id);
  }

 private:
  ServiceId new_service(const std::string& name) {
    ServiceId id = static_cast<ServiceId>(next_.services.size());
    if (!next_.free_services.empty()) {
      id = next_.free_services.back();
      next_.free_services.pop_back();
    } else {
      next_.services.push_back(nullptr);
    }
    next_.by_name.set(name, id);
    return id;
  }

  ServerId new_server(ServiceId service) {
    if (!next_.free_servers.empty()) {
      const ServerId id = next_.free_servers.back();
      next_.free_servers.pop_back();
      next_.owner[id] = service;
      return id;
    }
    next_.owner.push_back(service);
    return static_cast<ServerId>(next_.owner.size() - 1);
  }

  /// Who of a service's servers is still to be found a place: those that are not purged already.
  using Left = std::map<Way, const RealServer*>;

  /// The file's servers first, then what is left of the old ones.
  void place_servers(VirtualService& service, const config::Service& wanted,
                     const VirtualService* old, Clock::time_point now) {
    Left left;
    if (old) {
      for (const RealServer& server : old->servers)
        if (server.life != ServerLife::kPurging) left[way_of(server)] = &server;
    }
    service.servers.reserve(
        std::max(wanted.real_servers.size() + 1, old ? old->servers.size() : 0));
    for (const config::RealServer& named : wanted.real_servers) {
      RealServer server =
          place_server(named.address, named.port, named.forwarding, named.tunnel, left);
      const bool known = server.id != kNoId;
      server.health = known ? next_health(wanted, named, server.health)
                            : first_health(next_, wanted, named, server.key, old != nullptr);
      if (!known) server.id = new_server(service.id);
      server.configured_weight = named.weight;
      server.thresholds = {named.max_connections, named.min_connections};
      server.inhibit_on_failure = named.health.inhibit_on_failure;
      service.servers.push_back(server);
    }
    if (const auto& sorry = wanted.health.sorry_server) {
      RealServer server = place_server(sorry->address, sorry->port, wanted.forwarding, {}, left);
      if (server.id == kNoId) server.id = new_server(service.id);
      server.health = {};
      server.sorry = true;
      service.servers.push_back(server);
    }
    if (!old) return;
    for (const RealServer& server : old->servers) {
      const auto found = left.find(way_of(server));
      const bool unnamed = found != left.end() && found->second == &server;
      if (server.life == ServerLife::kPurging || unnamed)
        service.servers.push_back(leave(server, service.drain_timeout, now));
    }
  }

  /// Takes a known server's id, next hop and health over; without an id where it is new.
  static RealServer place_server(const IpAddress& address, std::optional<uint16_t> port,
                                 Forwarding forwarding, const config::Tunnel& tunnel, Left& left) {
    RealServer server;
    server.key = {address, port};
    server.forwarding = forwarding;
    server.tunnel = tunnel;
    const auto known = left.find(way_of(server));
    if (known == left.end()) return server;
    server.id = known->second->id;
    server.next_hop = known->second->next_hop;
    server.health = known->second->health;
    left.erase(known);
    return server;
  }

  static RealServer leave(RealServer server, std::chrono::milliseconds drain,
                          Clock::time_point now) {
    if (server.life != ServerLife::kPresent) return server;
    server.life = ServerLife::kRemoved;
    server.sorry = false;
    server.weight = 0;
    server.drain_until = now + drain;
    return server;
  }

  DesiredState next_;
  std::unordered_set<ServiceId> changed_;
};

/// Computes the weights of one service's servers anew.
void refresh_weights(Transition& transition, const std::string& name) {
  const ServiceId known = transition.state().by_name.find(name);
  if (known == kNoId) return;
  settle(transition.change(known), transition.state().overrides);
}

}  // namespace

std::string ServerKey::to_string() const {
  return port ? Endpoint{address, *port}.to_string() : address.to_string();
}

std::optional<ServerKey> ServerKey::parse(const std::string& text) {
  if (const auto address = IpAddress::parse(text)) return ServerKey{*address, std::nullopt};
  if (const auto endpoint = Endpoint::parse(text))
    return ServerKey{endpoint->address, endpoint->port};
  return std::nullopt;
}

ServiceId ServiceNames::find(const std::string& name) const {
  const auto found = map_->find(name);
  return found == map_->end() ? kNoId : found->second;
}

ServiceNames::Map& ServiceNames::own() {
  if (map_.use_count() > 1) map_ = std::make_shared<Map>(*map_);
  return *map_;
}

const VirtualService* DesiredState::find(const std::string& name) const {
  const ServiceId found = by_name.find(name);
  if (found == kNoId || services[found]->removed) return nullptr;
  return services[found].get();
}

const RealServer* DesiredState::server(ServerId id) const {
  if (id >= owner.size() || owner[id] == kNoId) return nullptr;
  for (const RealServer& server : services[owner[id]]->servers)
    if (server.id == id) return &server;
  return nullptr;
}

Result<DesiredState> apply_services(const DesiredState& before,
                                    const std::vector<config::Service>& services,
                                    Clock::time_point now,
                                    const std::vector<config::Service>* running) {
  Transition transition(before);
  const std::vector<ServiceId> old_order = std::move(transition.state().order);
  transition.state().order.clear();
  std::vector<bool> named(before.services.size(), false);
  std::unordered_map<std::string_view, const config::Service*> known;
  if (running != nullptr)
    for (const config::Service& service : *running) known.emplace(service.name, &service);
  for (const config::Service& service : services) {
    const auto same = known.find(service.name);
    if (same != known.end() && *same->second == service)
      transition.keep(service.name);
    else
      transition.present(service, now);
    const ServiceId id = transition.state().order.back();
    if (id < named.size()) named[id] = true;
  }
  for (const ServiceId id : old_order)
    if (!named[id]) transition.remove(id, now);
  if (transition.slots() > kMaxServers)
    return Error{"services: more than " + std::to_string(kMaxServers) +
                 " real servers, those still draining counted; name fewer"};
  return transition.take();
}

DesiredState set_override(const DesiredState& before, const OverrideKey& key,
                          const std::optional<Override>& what) {
  Transition transition(before);
  if (what)
    transition.state().overrides[key] = *what;
  else
    transition.state().overrides.erase(key);
  refresh_weights(transition, key.first);
  return transition.take();
}

bool has_expired_overrides(const DesiredState& state, Clock::time_point now) {
  return std::any_of(state.overrides.begin(), state.overrides.end(), [now](const auto& entry) {
    return entry.second.until <= now && entry.second.until;
  });
}

DesiredState expire_overrides(const DesiredState& before, Clock::time_point now) {
  Transition transition(before);
  for (const auto& [key, said] : before.overrides) {
    if (!said.until || *said.until > now) continue;
    if (said.drained)
      transition.state().overrides[key] = Override{std::nullopt, true, std::nullopt};
    else
      transition.state().overrides.erase(key);
    refresh_weights(transition, key.first);
  }
  return transition.take();
}

DesiredState set_health(const DesiredState& before, const std::vector<HealthUpdate>& updates) {
  Transition transition(before);
  std::vector<ServerId> ids;
  std::unordered_map<ServerId, const HealthUpdate*> by_id;
  for (const HealthUpdate& update : updates) {
    ids.push_back(update.id);
    by_id[update.id] = &update;
  }
  for (VirtualService* service : transition.change_owners(ids)) {
    for (RealServer& server : service->servers) {
      const auto found = by_id.find(server.id);
      if (found == by_id.end()) continue;
      if (found->second->key == OverrideKey{service->name, server.key})
        server.health = found->second->health;
    }
    settle(*service, transition.state().overrides);
  }
  return transition.take();
}

DesiredState start_purge(const DesiredState& before, const std::vector<ServerId>& ids) {
  Transition transition(before);
  const std::unordered_set<ServerId> chosen(ids.begin(), ids.end());
  for (VirtualService* service : transition.change_owners(ids)) {
    for (RealServer& server : service->servers)
      if (server.life == ServerLife::kRemoved && chosen.contains(server.id))
        server.life = ServerLife::kPurging;
  }
  return transition.take();
}

DesiredState release(const DesiredState& before, const std::vector<ServerId>& ids) {
  Transition transition(before);
  DesiredState& next = transition.state();
  const std::unordered_set<ServerId> chosen(ids.begin(), ids.end());
  for (VirtualService* service : transition.change_owners(ids)) {
    std::erase_if(service->servers, [&](const RealServer& server) {
      if (server.life != ServerLife::kPurging || !chosen.contains(server.id)) return false;
      next.owner[server.id] = kNoId;
      next.free_servers.push_back(server.id);
      return true;
    });
    if (service->removed && service->servers.empty()) transition.free_service(service->id);
  }
  return transition.take();
}

}  // namespace lbd
