// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/address.h"
#include "dataplane/client_address.h"
#include "dataplane/connection_rate.h"
#include "dataplane/forward/encapsulation.h"
#include "dataplane/held_flags.h"
#include "dataplane/ids.h"
#include "dataplane/mss_policy.h"
#include "dataplane/persistence.h"
#include "dataplane/schedule/scheduler.h"
#include "dataplane/target.h"

// One immutable picture of services for all workers. The builder makes a whole one, control
// publishes it through one pointer and frees the old one after the grace period. Parts that did
// not change are shared between snapshots (shared_ptr, touched by control only; workers follow the
// plain pointers).
namespace lbd {

/// One worker's scheduling state for one list of candidates. Made by control, then the worker's.
struct WorkerSchedule {
  std::unique_ptr<ScheduleState> state;
  /// The state whose positions the worker takes over when it first picks here. Set before
  /// publishing and only changed by control once `adopted` is true; read by the worker before.
  std::shared_ptr<WorkerSchedule> previous;
  /// Written by the worker (release), read by control (acquire).
  std::atomic<bool> adopted{false};
};

struct Service {
  ServiceId id = kNoId;
  std::string name;
  uint8_t protocol = 6;  // 6 TCP, 17 UDP
  SchedulerKind scheduler = SchedulerKind::kRr;
  SchedulerOptions scheduler_options;
  MssPolicy mss;
  ClientAddress client_address = ClientAddress::kNone;  // of new connections by fullnat
  /// Decision 6: true where the scheduler needs exact counts over all workers, or a server has a
  /// maximum of connections.
  bool exact_counts = false;
  /// Servers that are up, in the file's order. New connections go to those of a weight above 0.
  std::vector<Candidate> candidates;
  /// With mh: servers of the file that failed their checks, for their places in the table.
  std::vector<Candidate> down;
  Persistence persistence;
  RateLimits limits;
  bool one_packet = false;  // UDP: each datagram is scheduled, no connection is made
  /// Made by make_schedules(): the candidates by id, where templates name them; the bucket of
  /// limits.service, which outlives publishing.
  CandidateList members{std::span<const Candidate>{}};
  std::shared_ptr<SharedBucket> bucket;
  SharedSchedule shared;
  /// By WorkerIndex.
  std::vector<std::shared_ptr<WorkerSchedule>> schedules;
};

/// Completes a service for publishing: gives each of `workers` workers its state for this list of
/// candidates. `before`: the Service of the same id that this one replaces, or null; the workers go
/// on from its positions, however many of the services in between they have not seen. (A worker
/// that first picks from `before` while the next one is being built may repeat those few turns.)
void make_schedules(Service& service, unsigned workers, const Service* before);
/// Worker side: the real server for a new connection, or null where none takes any.
const Candidate* pick(const Service& service, WorkerIndex worker, const NewFlow& flow);

/// What is known of an address of ours.
enum class AddressKind : uint8_t {
  kNone,
  kLocal,    // a port's: everything goes to the kernel
  kService,  // a service listens on it: only what design names goes to the kernel
  kPool,     // of local_addresses: for fullnat, and nothing but ICMP for the kernel
};

/// Stands for the address's own number of bits.
inline constexpr uint8_t kHostLength = 255;

/// Which lengths the prefixes of a table have, the longest first: what a look-up has to try.
struct PrefixLengths {
  std::vector<uint8_t> ipv4;
  std::vector<uint8_t> ipv6;
  const std::vector<uint8_t>& of(const IpAddress& address) const {
    return address.is_v4() ? ipv4 : ipv6;
  }
  void add(const IpAddress& address, uint8_t length);
};

/// Who listens, built once, read by all workers.
///
/// Theory. An address with one port is found in a hash table, at once. For the rest, prefixes and
/// ranges of ports, the hash table of groups is asked once for each length that occurs, the longest
/// first; a group has the ports of one prefix as spans that do not overlap. So the longest prefix
/// that has the port wins, within it the narrowest range, and a look-up costs the same however
/// many services there are.
class ListenTable {
 public:
  struct Entry {
    IpAddress address;  // of a prefix, host part zero
    uint16_t port = 0;  // host order
    uint8_t protocol = 0;
    const Service* service = nullptr;  // null: empty slot
    uint16_t last_port = 0;            // of a range; below `port`: there is none
    uint8_t length = kHostLength;
  };

  ListenTable() : ListenTable(std::vector<Entry>{}) {}
  explicit ListenTable(std::vector<Entry> entries);
  /// Null where nothing listens. `port` in host order.
  const Service* find(const IpAddress& address, uint16_t port, uint8_t protocol) const;

 private:
  struct Span {
    uint16_t first;
    const Service* service;  // null: nobody, up to the next span
  };
  struct Group {
    IpAddress network;
    uint8_t length = 0;
    uint8_t protocol = 0;     // 0: empty slot
    std::vector<Span> spans;  // sorted; the first begins at port 0
  };
  const Service* find_in_groups(const IpAddress& address, uint16_t port, uint8_t protocol) const;
  void make_groups(const std::vector<Entry>& entries);

  std::vector<Entry> slots_;
  size_t mask_ = 0;
  std::vector<Group> groups_;
  size_t group_mask_ = 0;
  PrefixLengths lengths_;
};

class AddressTable {
 public:
  struct Entry {
    IpAddress address;
    AddressKind kind = AddressKind::kNone;
    std::vector<uint16_t> local_ports;  // kService: TCP and UDP ports that the kernel may answer
    uint8_t length = kHostLength;       // of a prefix, whose host part is zero
    VipSlot vip = 0;                    // says whether this director holds the address
    bool silent = false;  // the kernel answers nothing for it (VRRP with accept: false)
  };

  AddressTable() : AddressTable(std::vector<Entry>{}) {}
  explicit AddressTable(std::vector<Entry> entries);
  /// Null where the address is none of ours. A host's entry beats a prefix's, a longer a shorter.
  const Entry* find(const IpAddress& address) const;

 private:
  const Entry* find_exact(const IpAddress& address, uint8_t length) const;

  PrefixLengths lengths_;
  std::vector<Entry> slots_;
  size_t mask_ = 0;
};

/// Who answers through the director: the addresses, ports and protocols of real servers by methods
/// that see replies.
class ReplySources {
 public:
  ReplySources() = default;
  ReplySources(const std::vector<Endpoint>& tcp, const std::vector<Endpoint>& udp);
  bool empty() const { return table_.empty(); }
  /// `port` in host order.
  bool contains(const IpAddress& address, uint16_t port, uint8_t protocol) const;
  /// Whatever port and protocol.
  bool has(const IpAddress& address) const;

 private:
  static constexpr uint8_t kAnyProtocol = 255;  // reserved, no packet's
  struct Entry {
    IpAddress address;
    uint16_t port = 0;
    uint8_t protocol = 0;  // 0: empty slot
  };
  void enter_one(const Entry& entry);
  bool find(const IpAddress& address, uint16_t port, uint8_t protocol) const;
  std::vector<Entry> table_;
};

/// Where ICMP errors that leave by a port come from: its first address of each family.
struct PortAddresses {
  std::optional<IpAddress> ipv4;
  std::optional<IpAddress> ipv6;
};

/// What becomes of a real server's connections.
enum class Fate : uint8_t {
  kServed,
  kStale,       // the server failed: they go on, but handshakes begin anew elsewhere
  kReset,       // it failed or is no longer named: clients are told
  kReschedule,  // the same; datagrams and handshakes go elsewhere, other TCP clients are told
};

/// A port's local_addresses that are in force.
struct LocalPool {
  std::vector<IpAddress> ipv4;
  std::vector<IpAddress> ipv6;
  const std::vector<IpAddress>& of(Family family) const {
    return family == Family::kIpv4 ? ipv4 : ipv6;
  }
};

struct Snapshot;
/// Fills what follows from tunnels and port_addresses.
void complete_tunnels(Snapshot& snapshot);

/// What is remembered of clients, for all services and workers. Made once; every snapshot has it.
struct Clients {
  static constexpr uint32_t kSlots = 1u << 20;
  explicit Clients(uint64_t seed, uint32_t slots = kSlots)
      : seed(seed), templates(slots), buckets(slots) {}

  const uint64_t seed;
  TemplateTable templates;
  ClientBuckets buckets;
};

struct Snapshot {
  uint64_t generation = 0;
  /// Null while no service needs it.
  std::shared_ptr<Clients> clients;
  std::array<PortAddresses, kMaxPorts> port_addresses;
  /// Of connections by fullnat that leave by a port.
  std::array<LocalPool, kMaxPorts> local_pools;
  ListenTable listens;
  AddressTable addresses;
  /// By ServiceId; null where the slot is free.
  std::vector<std::shared_ptr<const Service>> services;
  /// By ServerId.
  std::vector<Target> targets;
  /// Of all targets, those of servers on their way out included.
  ReplySources reply_sources;
  /// By ServerId: connections of a purged server are being removed from the tables.
  std::vector<bool> purged;
  /// By ServerId.
  std::vector<Fate> fates;
  bool partings = false;  // one of them is not kServed
  /// By ServerId; null where the server has no tunnel. Servers on their way out keep theirs.
  std::vector<std::shared_ptr<const Encapsulation>> tunnels;
  /// The same by address, sorted: who may be meant by an ICMP error.
  struct TunnelEnd {
    IpAddress address;
    std::shared_ptr<const Encapsulation> tunnel;
    struct Less {
      bool operator()(const TunnelEnd& a, const IpAddress& b) const { return a.address < b; }
      bool operator()(const IpAddress& a, const TunnelEnd& b) const { return a < b.address; }
      bool operator()(const TunnelEnd& a, const TunnelEnd& b) const {
        return a.address < b.address;
      }
    };
  };
  std::vector<TunnelEnd> tunnel_ends;
  /// Outer source addresses of what leaves by a port: its own, else another port's.
  std::array<PortAddresses, kMaxPorts> tunnel_sources;
  /// By ServerId: the server's service has exact_counts, and the server's thresholds. After
  /// publishing a snapshot in which these changed for a server, control posts a
  /// WorkerRequest::kSyncExact to each worker.
  std::vector<bool> exact;
  std::vector<Thresholds> thresholds;
  /// The builder's own: what it made this from, so that the next one begins here.
  std::shared_ptr<const void> origin;
};

}  // namespace lbd
