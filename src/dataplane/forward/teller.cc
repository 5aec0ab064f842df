// SPDX-License-Identifier: Apache-2.0
#include "dataplane/forward/teller.h"

#include <rte_mbuf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "common/checksum.h"
#include "common/wire.h"
#include "dataplane/forward/segment.h"
#include "dataplane/tcp_options.h"
#include "dataplane/transport_checksum.h"

namespace lbd {
namespace {

/// PROXY protocol version 2: 16 bytes, then addresses and ports.
constexpr unsigned kHeaderV4 = 16 + 12;
constexpr unsigned kHeaderV6 = 16 + 36;
/// Kind, length, port, address.
constexpr unsigned kToaV4 = 8;
constexpr unsigned kToaV6 = 20;
constexpr unsigned kLongestTcpHeader = 60;

/// What is put into a segment.
struct Told {
  std::array<uint8_t, kHeaderV6> bytes;
  unsigned length;
  std::span<const uint8_t> span() const { return {bytes.data(), length}; }
};

/// Of one family of addresses.
unsigned header_bytes(const Connection& connection) {
  return connection.key.is_v4() ? kHeaderV4 : kHeaderV6;
}

/// Version 2, command PROXY, TCP over the family; the client, then the virtual address.
Told make_header(const FlowKey& key) {
  static constexpr uint8_t kStart[13] = {'\r', '\n', '\r', '\n', 0,    '\r', '\n',
                                         'Q',  'U',  'I',  'T',  '\n', 0x21};
  const bool v4 = key.is_v4();
  Told out{};
  out.length = v4 ? kHeaderV4 : kHeaderV6;
  std::memcpy(out.bytes.data(), kStart, sizeof(kStart));
  out.bytes[13] = v4 ? 0x11 : 0x21;
  out.bytes[15] = static_cast<uint8_t>(out.length - 16);
  const size_t addresses = v4 ? 8 : 32;
  std::memcpy(&out.bytes[16], key.address, addresses);
  std::memcpy(&out.bytes[16 + addresses], &key.ports_protocol, 4);
  return out;
}

Told make_toa(const FlowKey& key) {
  Told out{};
  out.length = key.is_v4() ? kToaV4 : kToaV6;
  out.bytes[0] = tcp_option::kToa;
  out.bytes[1] = static_cast<uint8_t>(out.length);
  std::memcpy(&out.bytes[2], &key.ports_protocol, 2);
  std::memcpy(&out.bytes[4], key.address, out.length - 4);
  return out;
}

uint32_t number_at(const uint8_t* field) {
  Be32 out;
  std::memcpy(&out, field, sizeof(out));
  return out.host();
}

/// `a` is before `b` in a connection's numbers, which go round (RFC 9293 3.4).
bool before(uint32_t a, uint32_t b) {
  return static_cast<int32_t>(a - b) < 0;
}

void shift_sequence(const Packet& packet, const Connection& connection) {
  wire::Tcp* tcp = tcp_of(packet);
  set_number(tcp, &tcp->sequence, tcp->sequence.host() + header_bytes(connection));
}

bool refuse(Packet& packet, Verdict verdict) {
  packet.verdict = verdict;
  return false;
}

/// A segment that begins at the client's first byte gets the header in front of its data; without
/// these where both are too long for the way.
bool put_header(Packet& packet, const Connection& connection, uint16_t mtu) {
  const Told header = make_header(connection.key);
  const unsigned at = packet.l4 + tcp_of(packet)->header_length();
  if (!has_room(packet, at, header.length)) return refuse(packet, Verdict::kNoHeadroom);
  if (packet.ip_length + header.length > mtu) {
    if (!l4_checksum_valid(packet)) return refuse(packet, Verdict::kBadL4Checksum);
    cut_data(packet);
    if (packet.ip_length + header.length > mtu) return refuse(packet, Verdict::kMtuExceeded);
  }
  insert(packet, at, header.span());
  wire::Tcp* tcp = tcp_of(packet);
  if (tcp->flags & wire::kTcpUrg) {
    const Be16 urgent(static_cast<uint16_t>(tcp->urgent.host() + header.length));
    tcp->checksum =
        Be16::from_raw(checksum::update(tcp->checksum.raw(), tcp->urgent.raw(), urgent.raw()));
    tcp->urgent = urgent;
  }
  return true;
}

bool tell_by_header(Packet& packet, const Connection& connection, uint16_t mtu) {
  const bool reset = packet.tcp_flags & wire::kTcpRst;
  // The handshake is broken off: nothing has been sent yet.
  if (reset && connection.flags & kHalfOpen) return true;
  const uint32_t sequence = tcp_of(packet)->sequence.host();
  if (!reset && sequence == connection.client_sequence) return put_header(packet, connection, mtu);
  // A keep-alive begins before all data (RFC 9293 3.8.4), and may have a byte that is none: it must
  // not lie where the header does.
  if (!reset && before(sequence, connection.client_sequence)) return true;
  shift_sequence(packet, connection);
  return true;
}

/// In front of the other options, for nothing counts behind an end of the list. A segment without
/// room for it goes without.
void put_option(Packet& packet, const Connection& connection, uint16_t mtu) {
  const Told toa = make_toa(connection.key);
  const unsigned at = packet.l4 + unsigned{sizeof(wire::Tcp)};
  if (tcp_of(packet)->header_length() + toa.length > kLongestTcpHeader ||
      packet.ip_length + toa.length > mtu || !has_room(packet, at, toa.length))
    return;
  insert(packet, at, toa.span());
  wire::Tcp* tcp = tcp_of(packet);
  auto* word = &tcp->data_offset;  // the upper byte of its word
  const auto longer = static_cast<uint8_t>(*word + (toa.length / 4 << 4));
  tcp->checksum = Be16::from_raw(checksum::update(tcp->checksum.raw(), *word, longer));
  *word = longer;
}

/// A server that takes the data of a SYN (RFC 7413) would take them for the header.
void refuse_fast_open(const Packet& packet) {
  const unsigned at = find_tcp_option(packet, tcp_option::kFastOpen);
  if (at == 0) return;
  wire::Tcp* tcp = tcp_of(packet);
  auto* bytes = reinterpret_cast<uint8_t*>(tcp);
  const unsigned length = bytes[at + 1];
  for (unsigned i = at; i < at + length; ++i) {
    const unsigned shift = i % 2 * 8;
    const auto was = static_cast<uint16_t>(bytes[i] << shift);
    const auto now = static_cast<uint16_t>(tcp_option::kNoOperation << shift);
    bytes[i] = tcp_option::kNoOperation;
    tcp->checksum = Be16::from_raw(checksum::update(tcp->checksum.raw(), was, now));
  }
}

void set_telling(Connection& connection, Telling telling, uint32_t word) {
  connection.flags =
      static_cast<uint8_t>((connection.flags & ~kTellingBits) | static_cast<uint8_t>(telling));
  connection.client_sequence = word;
}

/// The server's SYN acknowledges the client's: the next number is that of its first byte.
void begin(const Packet& packet, Connection& connection) {
  const bool answers = packet.tcp_flags & wire::kTcpAck && connection.flags & kHalfOpen;
  if (!answers || !l4_checksum_valid(packet)) return;
  set_telling(connection, is_toa(telling_of(connection)) ? Telling::kToa : Telling::kHeader,
              tcp_of(packet)->acknowledgement.host());
}

void hear_toa(const Packet& packet, Connection& connection) {
  const uint32_t acknowledged = tcp_of(packet)->acknowledgement.host();
  if (before(connection.client_sequence, acknowledged) && l4_checksum_valid(packet))
    set_telling(connection, Telling::kToaIdle, 0);
}

/// Both ends of each block (RFC 2018 3).
void shift_sacks(const Packet& packet, unsigned bytes) {
  const unsigned at = find_tcp_option(packet, tcp_option::kSack);
  if (at == 0) return;
  wire::Tcp* tcp = tcp_of(packet);
  uint8_t* option = reinterpret_cast<uint8_t*>(tcp) + at;
  for (unsigned i = 2; i + 4 <= option[1]; i += 4)
    set_number(tcp, option + i, number_at(option + i) - bytes);
}

void hear_header(const Packet& packet, Connection& connection) {
  wire::Tcp* tcp = tcp_of(packet);
  const unsigned bytes = header_bytes(connection);
  uint32_t acknowledged = tcp->acknowledgement.host() - bytes;
  if (telling_of(connection) == Telling::kHeader) {
    if (before(acknowledged, connection.client_sequence)) {
      acknowledged = connection.client_sequence;
    } else if (l4_checksum_valid(packet)) {
      set_telling(connection, Telling::kHeaderTold, 0);
    }
  }
  set_number(tcp, &tcp->acknowledgement, acknowledged);
  shift_sacks(packet, bytes);
}

/// RFC 1191 4, RFC 4443 3.2: the client's segments become longer on their way.
void lower_mtu(const Packet& packet, unsigned bytes) {
  auto* icmp = rte_pktmbuf_mtod_offset(packet.mbuf, wire::Icmp*, packet.l4);
  const bool v4 = packet.family == Family::kIpv4;
  const bool too_big = v4 ? icmp->type == 3 && icmp->code == 4 : icmp->type == 2;
  const uint16_t mtu = icmp->rest_low.host();
  if (too_big && mtu > bytes) icmp->rest_low = Be16(static_cast<uint16_t>(mtu - bytes));
}

}  // namespace

unsigned telling_bytes(const Connection& connection) {
  if (!is_toa(telling_of(connection))) return header_bytes(connection);
  return connection.key.is_v4() ? kToaV4 : kToaV6;
}

bool tell_server(Packet& packet, const Connection& connection, uint16_t mtu) {
  if (packet.quote != 0) return true;
  const Telling telling = telling_of(connection);
  if (packet.tcp_flags & wire::kTcpSyn) {
    if (!is_toa(telling)) refuse_fast_open(packet);
    return true;
  }
  if (telling == Telling::kHeader) return tell_by_header(packet, connection, mtu);
  if (telling == Telling::kHeaderTold) shift_sequence(packet, connection);
  if (telling == Telling::kToa && !(packet.tcp_flags & wire::kTcpRst))
    put_option(packet, connection, mtu);
  return true;
}

void hear_server(const Packet& packet, Connection& connection) {
  if (packet.tcp_flags & wire::kTcpSyn) return begin(packet, connection);
  if (!(packet.tcp_flags & wire::kTcpAck)) return;
  const Telling telling = telling_of(connection);
  if (telling == Telling::kToa) hear_toa(packet, connection);
  if (telling == Telling::kHeader || telling == Telling::kHeaderTold)
    hear_header(packet, connection);
}

void hear_error(const Packet& packet, const Connection& connection) {
  const Telling telling = telling_of(connection);
  if (is_being_told(connection)) lower_mtu(packet, telling_bytes(connection));
  if (telling != Telling::kHeader && telling != Telling::kHeaderTold) return;
  auto* tcp = rte_pktmbuf_mtod_offset(packet.mbuf, wire::Tcp*, packet.quote_l4);
  const unsigned end = std::min<unsigned>(Packet::kL3 + packet.ip_length, packet.mbuf->data_len);
  uint32_t number = tcp->sequence.host() - header_bytes(connection);
  if (telling == Telling::kHeader && before(number, connection.client_sequence))
    number = connection.client_sequence;
  if (packet.quote_l4 + offsetof(wire::Tcp, urgent) <= end)
    set_number(tcp, &tcp->sequence, number);
  else if (packet.quote_l4 + offsetof(wire::Tcp, acknowledgement) <= end)
    tcp->sequence = Be32(number);
}

}  // namespace lbd
