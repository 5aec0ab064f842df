// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "dataplane/connection.h"
#include "dataplane/packet.h"

// Tells a server by fullnat the client's address (ClientAddress), within the connection itself.
//
// Theory. A PROXY protocol header (version 2) of N bytes is, for the server, the beginning of the
// client's data; the client knows nothing of it. The server's SYN tells the number of the client's
// first byte, F. From then on, until the server acknowledges F + N, each segment of the client's
// that begins at F gets the header in front of its data: first of all the handshake's own
// acknowledgement, so that a server that speaks first has it at once. All else is a matter of
// numbers: what the client calls n is n + N to the server. A header that is lost is sent again when
// the client sends F again: where the handshake's acknowledgement was lost, as answer to the
// server's SYN.
//
//   client             director              server
//   SYN ISN            SYN ISN
//                                            SYN ack ISN+1      F = ISN+1
//   ACK  F             header at F
//   "GET" F            header "GET" at F
//                                            ack F+N            numbers only, from here on
//   ack F
//   "more" F+3         "more" at F+3+N
//
// TOA is a TCP option in the header of segments, and changes no numbers.
namespace lbd {

constexpr Telling telling_of(const Connection& connection) {
  return static_cast<Telling>(connection.flags & kTellingBits);
}
constexpr bool tells_address(const Connection& connection) {
  return (connection.flags & kTellingBits) != 0;
}
/// Connection::client_sequence is set.
constexpr bool is_being_told(const Connection& connection) {
  return telling_of(connection) == Telling::kToa || telling_of(connection) == Telling::kHeader;
}

/// How many bytes a segment may become longer.
unsigned telling_bytes(const Connection& connection);

/// A packet to the server, before it is translated; `mtu`: of the way there. False: it must not be
/// sent, `packet.verdict` says why.
bool tell_server(Packet& packet, const Connection& connection, uint16_t mtu);

/// A packet of the server's, before it is translated: follows what the server has been told, and
/// makes its acknowledgements those of the client's numbers.
void hear_server(const Packet& packet, Connection& connection);

/// An ICMP error about a packet that went to the server, before it is translated: the quoted
/// number becomes the client's, and a path's MTU leaves room for what is told.
void hear_error(const Packet& packet, const Connection& connection);

}  // namespace lbd
