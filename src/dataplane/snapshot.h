// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "common/address.h"
#include "dataplane/ids.h"
#include "dataplane/schedule/scheduler.h"

// One immutable picture of services for all workers. The builder makes a whole one, control
// publishes it through one pointer and frees the old one after the grace period. Parts that did
// not change are shared between snapshots (shared_ptr, touched by control only; workers follow the
// plain pointers).
namespace lbd {

struct Service {
  ServiceId id = kNoId;
  std::string name;
  uint8_t protocol = 6;  // 6 TCP, 17 UDP
  SchedulerKind scheduler = SchedulerKind::kRr;
  /// Decision 6: true where the scheduler needs exact counts over all workers (lc).
  bool exact_counts = false;
  /// Servers that take new connections: weight above 0, in the file's order.
  std::vector<Candidate> candidates;
  /// One scheduling state a worker, made by control for this very list. A worker that sees this
  /// Service first adopts the positions of the state that it used before for the same id.
  std::vector<std::unique_ptr<ScheduleState>> states;
};

/// What is known of an address of ours.
enum class AddressKind : uint8_t {
  kNone,
  kLocal,    // a port's: everything goes to the kernel
  kService,  // a service listens on it: only what design names goes to the kernel
};

/// Exact-match tables with open addressing, built once, read by all workers.
class ListenTable {
 public:
  struct Entry {
    IpAddress address;
    uint16_t port = 0;  // host order
    uint8_t protocol = 0;
    const Service* service = nullptr;  // null: empty slot
  };

  ListenTable() : ListenTable(std::vector<Entry>{}) {}
  explicit ListenTable(std::vector<Entry> entries);
  /// Null where nothing listens. `port` in host order.
  const Service* find(const IpAddress& address, uint16_t port, uint8_t protocol) const;
  const std::vector<Entry>& slots() const { return slots_; }

 private:
  std::vector<Entry> slots_;
  size_t mask_ = 0;
};

class AddressTable {
 public:
  struct Entry {
    IpAddress address;
    AddressKind kind = AddressKind::kNone;
    std::vector<uint16_t> local_ports;  // kService: TCP and UDP ports that the kernel may answer
  };

  AddressTable() : AddressTable(std::vector<Entry>{}) {}
  explicit AddressTable(std::vector<Entry> entries);
  /// Null where the address is none of ours.
  const Entry* find(const IpAddress& address) const;
  const std::vector<Entry>& slots() const { return slots_; }

 private:
  std::vector<Entry> slots_;
  size_t mask_ = 0;
};

struct Snapshot {
  uint64_t generation = 0;
  ListenTable listens;
  AddressTable addresses;
  /// By ServiceId; null where the slot is free.
  std::vector<std::shared_ptr<const Service>> services;
  /// By ServerId: connections of a purged server are being removed from the tables.
  std::vector<bool> purged;
};

}  // namespace lbd
