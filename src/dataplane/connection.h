// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "common/address.h"
#include "dataplane/client_address.h"
#include "dataplane/forward/method.h"
#include "dataplane/ids.h"
#include "dataplane/tick.h"

// A connection: one flow of one client through one virtual service to one real server.
//
// Theory. Every connection belongs to one worker (its owner) and lives in that worker's
// ConnectionTable. Only the owner writes it. Others may read single words of it (the connection
// list of lbctl is answered by the owner itself, so there are no other readers of several words).
// A packet of an established connection touches two cache lines: the index bucket that names the
// connection by fingerprint and id, and line 0 here, which holds all that direct routing needs.
// Line 1 is for what happens once in a connection's life (timer and half-open links) and for
// methods that rewrite: the tuple of replies, which is also what the packets to the real server
// get, the other way round. A packet of such a connection costs both lines.
namespace lbd {

/// No connection, where an id of one is asked for.
inline constexpr uint32_t kNoConnection = kNoId;

/// What a look-up finds is a connection's id and, in this bit, in which direction the packet goes:
/// set for a reply.
inline constexpr uint32_t kReply = 1u << 26;
constexpr uint32_t connection_id(uint32_t found) {
  return found & ~kReply;
}
/// `found` is not kNoConnection.
constexpr bool is_reply(uint32_t found) {
  return (found & kReply) != 0;
}

/// What identifies a flow: both addresses, both ports, protocol, family, as they lie on the wire.
/// IPv4: address[0] = source | destination << 32, the rest zero. IPv6: source in [0..1],
/// destination in [2..3]. Values are little-endian loads of network-order bytes.
struct FlowKey {
  uint64_t address[4];
  /// source port (raw) | destination port (raw) << 16 | protocol << 32 | family (4 or 6) << 40
  uint64_t ports_protocol;

  /// `ports`: the first four bytes of the TCP or UDP header, as loaded.
  static FlowKey v4(uint32_t source, uint32_t destination, uint32_t ports, uint8_t protocol) {
    return {{source | uint64_t{destination} << 32, 0, 0, 0}, tail(ports, protocol, 4)};
  }
  /// `addresses`: source and destination one after the other (32 bytes), as in the IPv6 header.
  static FlowKey v6(const void* addresses, uint32_t ports, uint8_t protocol) {
    FlowKey key;
    std::memcpy(key.address, addresses, sizeof(key.address));
    key.ports_protocol = tail(ports, protocol, 6);
    return key;
  }
  /// The tuple of packets that go the other way.
  FlowKey reversed() const {
    const auto ports = static_cast<uint32_t>(ports_protocol);
    const uint64_t rest = ports_protocol >> 32 << 32 | (ports >> 16 | ports << 16);
    if (!is_v4()) return {{address[2], address[3], address[0], address[1]}, rest};
    return {{address[0] >> 32 | address[0] << 32, 0, 0, 0}, rest};
  }
  /// For the API side; ports in host order. Both addresses must be of one family.
  static FlowKey make(const Endpoint& source, const Endpoint& destination, uint8_t protocol);

  bool is_v4() const { return (ports_protocol >> 40) == 4; }
  uint8_t protocol() const { return static_cast<uint8_t>(ports_protocol >> 32); }
  /// Host order.
  Endpoint source() const;
  Endpoint destination() const;

  friend bool operator==(const FlowKey& a, const FlowKey& b) {
    const uint64_t difference = (a.address[0] ^ b.address[0]) | (a.address[1] ^ b.address[1]) |
                                (a.address[2] ^ b.address[2]) | (a.address[3] ^ b.address[3]) |
                                (a.ports_protocol ^ b.ports_protocol);
    return difference == 0;
  }

 private:
  static uint64_t tail(uint32_t ports, uint8_t protocol, uint64_t family) {
    return ports | uint64_t{protocol} << 32 | family << 40;
  }
};
static_assert(sizeof(FlowKey) == 40);

/// Neighbours in an intrusive, doubly linked list of connections.
struct Links {
  uint32_t next;
  uint32_t previous;
};

/// Connection::flags; the upper three bits are kTellingBits
inline constexpr uint8_t kHalfOpen = 1;       // in the owner's list of half-open connections
inline constexpr uint8_t kPersistent = 16;    // its service had persistence when it opened
inline constexpr uint8_t kCountedActive = 2;  // counted as active (not inactive) at its server
inline constexpr uint8_t kHasReply = 4;       // `reply` is set, and in the index
inline constexpr uint8_t kAdopted = 8;        // of another worker, which had no local port left

struct alignas(64) Connection {
  // Line 0: the forward direction.
  FlowKey key;
  Tick last_seen;  // of the latest packet; write it only when it differs, to keep the line clean
  ServerId server;
  NextHopId next_hop;
  ServiceId service;
  uint8_t state;  // TcpState, or kStateUdp (tcp_state.h)
  uint8_t flags;
  Forwarding forwarding : 4;
  uint16_t vip : 12;  // VipSlot of the virtual address
  Tick armed;         // what was last told to the timer wheel: move it only for an earlier one

  // Line 1: once in a life, and the reverse direction.
  Links wheel;      // written by TimerWheel alone
  Links half_open;  // the owner's list of half-open connections, oldest first
  // Of methods that see replies (kHasReply).
  FlowKey reply;             // the tuple that replies have when they arrive
  NextHopId reply_hop : 24;  // the way to the client, valid for reply_generation
  uint32_t pool : 8;         // by fullnat: PortIndex whose local address it is sent to
  union {
    uint32_t reply_generation;  // this generation of Routing; 0: not known
    // While the server is being told the client's address, when no way to the client is remembered:
    // the number of the client's first byte (host order).
    uint32_t client_sequence;
  };
};
static_assert(sizeof(Connection) == 128 && alignof(Connection) == 64);
static_assert(offsetof(Connection, armed) == 60 && offsetof(Connection, wheel) == 64);
static_assert(offsetof(Connection, reply) == 80);

/// Of a connection whose replies are seen: client and real server are of two families.
constexpr bool between_families(const Connection& connection) {
  return (connection.key.ports_protocol ^ connection.reply.ports_protocol) >> 40 != 0;
}

}  // namespace lbd
