// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/address.h"
#include "common/result.h"
#include "control/config/model.h"
#include "dataplane/connection_counts.h"
#include "dataplane/held_flags.h"
#include "dataplane/ids.h"
#include "dataplane/schedule/kind.h"

// What services there shall be, with the ids by which the data plane knows them.
//
// Identity: a service is its name; a real server is (service, address, port). Identities get ids
// from slots that are reused only after they were released, so counters, connections and
// operators' overrides follow an identity through reloads.
//
// A real server's life:
//   present   named in the file. Effective weight 0 (from the file or an override): quiesced, no
//             new connections, the old ones go on.
//   removed   no longer in the file. It takes no new connections; the old ones go on until they
//             end or its service's drain_timeout has passed. Named again before that, it is
//             present again with id, counters and connections.
//   purging   workers are removing what is left of its connections. Named again now, it gets a new
//             id: the old one is on its way out.
//   released  the slot is free.
// A server that is to be reached by another tunnel, or no longer by one, is another one:
// connections to the old one go on by the old way, as if it had been removed.
// A removed service lives on without listens as long as one of its servers does.
//
// A DesiredState is a value: services are shared, unchanged ones by several states. The functions
// below make a new state from an old one and leave the old one as it is, so that one thread may
// build the next state while another reads the present one.
namespace lbd {

using Clock = std::chrono::steady_clock;

/// A real server within its service. Without a port it serves the port that the client used.
struct ServerKey {
  IpAddress address;
  std::optional<uint16_t> port;
  std::string to_string() const;
  /// What to_string() has written.
  static std::optional<ServerKey> parse(const std::string& text);
  auto operator<=>(const ServerKey&) const = default;
};

/// What health checks and slow start make of a server (control/health). Part of the state.
struct ServerHealth {
  bool up = true;
  std::optional<uint32_t> dynamic_weight;  // by exec, in place of the file's
  uint8_t ramp_percent = 100;              // of its weight: slow start
  bool operator==(const ServerHealth&) const = default;
};

enum class ServerLife : uint8_t { kPresent, kRemoved, kPurging };

struct RealServer {
  ServerId id = kNoId;
  ServerKey key;
  uint32_t configured_weight = 1;
  uint32_t weight = 1;  // effective, times the service's weight_scale: see settle()
  Forwarding forwarding = Forwarding::kDr;  // of new connections
  config::Tunnel tunnel;                    // of kTun
  Thresholds thresholds;
  ServerHealth health;
  bool inhibit_on_failure = false;
  bool sorry = false;  // the service's sorry server
  bool offered =
      true;  // to the scheduler, with whatever weight: not failed, not in a sorry's shadow
  NextHopId next_hop = kNoId;
  ServerLife life = ServerLife::kPresent;
  Clock::time_point drain_until;  // kRemoved: when its connections are cut
  bool operator==(const RealServer&) const = default;
};

struct VirtualService {
  ServiceId id = kNoId;
  std::string name;
  bool removed = false;
  config::Protocol protocol = config::Protocol::kTcp;
  SchedulerKind scheduler = SchedulerKind::kWlc;
  SchedulerOptions scheduler_options;
  Forwarding forwarding = Forwarding::kDr;  // the service's own; a server may have another
  std::vector<config::Listen> listen;
  config::Persistence persistence;
  config::RateLimits limits;
  bool one_packet = false;
  std::vector<uint16_t> local_ports;
  MssPolicy mss;
  ClientAddress client_address = ClientAddress::kNone;
  std::chrono::milliseconds drain_timeout{0};
  std::chrono::milliseconds slow_start{0};
  uint32_t quorum_weight = 1;
  uint32_t quorum_hysteresis = 0;
  bool has_quorum = false;
  config::OnDown on_down = config::OnDown::kKeep;
  config::OnRemoval on_removal = config::OnRemoval::kDrain;
  /// 1, or more while a server's weight ramps up: a tenth of weight 1 needs finer weights.
  uint32_t weight_scale = 1;
  /// Present ones in the file's order, the sorry server behind them, then those on their way out.
  std::vector<RealServer> servers;
  bool operator==(const VirtualService&) const = default;
};

/// What an operator said about a server's weight. Keyed by identity, so it outlives reloads.
struct Override {
  std::optional<uint32_t> weight;
  bool drained = false;                    // above `weight`
  std::optional<Clock::time_point> until;  // of `weight`
  bool operator==(const Override&) const = default;
};
using OverrideKey = std::pair<std::string, ServerKey>;  // service's name, server

/// An address that a VRRP instance owns, or once did. It keeps its slot for ever, so that a slot
/// that a connection remembers is never another address's.
struct VirtualAddressSlot {
  VipSlot slot = 0;
  bool owned = false;   // by an instance of the present file
  bool silent = false;  // accept: false
  bool operator==(const VirtualAddressSlot&) const = default;
};
using VirtualAddresses = std::map<IpAddress, VirtualAddressSlot>;
/// Up or not, as the state file remembers it.
using HealthMemory = std::map<OverrideKey, bool>;

/// Services' ids by name. Copies share one map until one of them changes it.
class ServiceNames {
 public:
  /// kNoId where there is none.
  ServiceId find(const std::string& name) const;
  void set(const std::string& name, ServiceId id) { own()[name] = id; }
  void erase(const std::string& name) { own().erase(name); }

 private:
  using Map = std::unordered_map<std::string, ServiceId>;
  Map& own();
  std::shared_ptr<Map> map_ = std::make_shared<Map>();
};

struct DesiredState {
  /// By ServiceId; null where the slot is free.
  std::vector<std::shared_ptr<VirtualService>> services;
  /// The file's order; removed services last.
  std::vector<ServiceId> order;
  ServiceNames by_name;  // removed ones too
  /// By ServerId: the service it belongs to; kNoId where the slot is free.
  std::vector<ServiceId> owner;
  std::vector<ServerId> free_servers;
  std::vector<ServiceId> free_services;
  std::map<OverrideKey, Override> overrides;
  /// Never null; shared by states in which it is the same.
  std::shared_ptr<const VirtualAddresses> virtual_addresses =
      std::make_shared<const VirtualAddresses>();
  /// How servers begin that come with checks; only for the first state after a start.
  std::shared_ptr<const HealthMemory> memory;

  /// Null where there is none of this name, or only a removed one.
  const VirtualService* find(const std::string& name) const;
  /// Null where the slot is free.
  const RealServer* server(ServerId id) const;
};

/// With on_removal: reset a removed server's connections live on for so long at most: its clients
/// are told when they answer, or when they next send something.
inline constexpr std::chrono::milliseconds kResetGrace{10'000};

/// As many as the data plane's tables of counters have.
inline constexpr size_t kMaxServers = 1u << 20;

/// What the file says, applied. Servers that are new have no next hop yet. Fails only where there
/// are too many servers. `running`: what `before` was made from, so that services which the file
/// has not changed are only passed on; none: all are looked at.
Result<DesiredState> apply_services(const DesiredState& before,
                                    const std::vector<config::Service>& services,
                                    Clock::time_point now,
                                    const std::vector<config::Service>* running = nullptr);

/// What the file's VRRP instances own, applied. Fails only where there are too many addresses.
Status apply_virtual_addresses(DesiredState& state, const config::Vrrp& vrrp);

/// Whether this director holds each of a service's addresses: a VRRP instance may own some of them
/// and not be master.
bool is_held(const DesiredState& state, const HeldFlags& held, const VirtualService& service);

/// Sets (or with nullopt removes) what an operator said about one server.
DesiredState set_override(const DesiredState& before, const OverrideKey& key,
                          const std::optional<Override>& what);
/// Forgets overrides whose time has passed.
DesiredState expire_overrides(const DesiredState& before, Clock::time_point now);
bool has_expired_overrides(const DesiredState& state, Clock::time_point now);

/// What checks have found out about one server.
struct HealthUpdate {
  ServerId id;
  OverrideKey key;  // an id may have been given to another server meanwhile
  ServerHealth health;
};
DesiredState set_health(const DesiredState& before, const std::vector<HealthUpdate>& updates);

/// Computes a service's quorum and its servers' effective weights. The rule, from the top:
///   removed, drained by an operator, or failed its checks: 0
///   the quorum is lost and there is a sorry server: 0, and 1 for the sorry server (else 0)
///   an operator's weight
///   the weight of an exec check (dynamic_weight), else the file's, both times the slow start's
///   percentage, but at least 1 unless they are 0
/// The quorum compares with the sum of weights without sorry server and slow start.
void settle(VirtualService& service, const std::map<OverrideKey, Override>& overrides);

/// Marks removed servers whose connections are to go; others of `ids` are left alone.
DesiredState start_purge(const DesiredState& before, const std::vector<ServerId>& ids);
/// Frees the slots of servers in purging, and of removed services that have no server left.
DesiredState release(const DesiredState& before, const std::vector<ServerId>& ids);

/// Servers without a next hop; `hop(server)` returns one.
template <class Acquire>
void fill_next_hops(DesiredState& state, Acquire hop) {
  for (auto& service : state.services) {
    if (!service) continue;
    for (RealServer& server : service->servers)
      if (server.next_hop == kNoId) server.next_hop = hop(server);
  }
}

}  // namespace lbd
