// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/address.h"
#include "dataplane/ids.h"

// What control and workers tell each other besides the snapshot. A request belongs to the worker
// from submit until `done` is true; the worker does a bounded piece of it per loop.
namespace lbd {

/// One connection as lbctl shows it. Ports in host order.
struct ConnectionRow {
  uint8_t protocol = 0;
  IpAddress client;
  uint16_t client_port = 0;
  IpAddress virtual_address;
  uint16_t virtual_port = 0;
  std::optional<Endpoint> local;  // by fullnat: from where the server sees it come
  ServiceId service = kNoId;
  ServerId server = kNoId;
  uint8_t state = 0;  // TcpState; for UDP its UDP value (tcp_state.h)
  uint32_t expires_ms = 0;
  WorkerIndex worker = 0;
};

struct ConnectionFilter {
  std::optional<ServiceId> service;
  std::optional<ServerId> server;
  std::optional<IpAddress> client;
  std::optional<uint16_t> client_port;
  std::optional<uint8_t> state;
};

struct WorkerRequest {
  enum class Kind : uint8_t {
    kDumpConnections,  // rows from `cursor` on, at most rows.capacity(); cursor moves on
    kPurge,            // remove the connections of every server that the snapshot calls purged
    kProbeClients,     // ask the clients of connections that are to be reset where they stand
    kSyncExact,        // enter (or take back) this worker's part of the exact counts, all servers
  };
  Kind kind = Kind::kDumpConnections;
  ConnectionFilter filter;
  /// Connection id to go on from; kNoId when the whole table has been seen.
  uint32_t cursor = 0;
  /// Reserved by control before submitting: the worker never lets it grow beyond its capacity.
  std::vector<ConnectionRow> rows;
  /// Written by the worker (release), read by control (acquire).
  std::atomic<bool> done{false};
};

/// Worker to control: please find the MAC address of an on-link neighbour.
struct NeighbourRequest {
  IpAddress address;
  PortIndex port = 0;
};

}  // namespace lbd
