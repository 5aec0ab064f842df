// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataplane/connection.h"
#include "dataplane/packet.h"
#include "dataplane/reply.h"
#include "dataplane/target.h"
#include "dataplane/transmitter.h"

namespace lbd {

/// Network address translation in both directions of a connection (Connection::reply). A packet to
/// the real server gets the reply's tuple the other way round, a packet to the client the client's:
/// so nat, where only the server's address is new, and fullnat, where the client's is replaced too,
/// are one thing once the reply's tuple has been chosen. ICMP errors are translated with what they
/// quote.
///
/// As DirectRouting: false, and nothing is sent, where `packet.verdict` says why.
class Nat {
 public:
  Nat(const WorkerContext& context, Transmitter& transmitter, Replier& replier)
      : context_(context), transmitter_(transmitter), replier_(replier) {}

  /// The tuple that answers to `key` have when they come from `target`.
  static FlowKey reply_tuple(const FlowKey& key, const Target& target);

  bool to_server(Packet& packet, const Connection& connection);
  bool to_client(Packet& packet, Connection& connection);

 private:
  bool find_way(Connection& connection);
  template <bool tells>
  bool pass_to_client(Packet& packet, Connection& connection);
  template <bool tells>
  bool to_client_slowly(Packet& packet, Connection& connection);
  bool translate_to_server(Packet& packet, const Connection& connection);
  template <bool tells>
  bool translate_to_client(Packet& packet, Connection& connection);

  const WorkerContext& context_;
  Transmitter& transmitter_;
  Replier& replier_;
};

}  // namespace lbd
