// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "oracle.h"

namespace lbd::test {

/// A frame described by its fields. What is not said is right: lengths and checksums are computed
/// unless a field below spoils them.
struct FrameSpec {
  MacAddress source_mac, destination_mac;
  std::vector<uint16_t> tags;          // tag protocol ids (0x8100 ...), outermost first; VLAN 5
  std::optional<uint16_t> ether_type;  // instead of the IP version's

  IpAddress source, destination;  // one family
  uint16_t source_port = 0, destination_port = 0;
  uint8_t protocol = 6;  // 6, 17, 1, 58 get a header of theirs; others only the payload
  uint8_t ttl = 64;
  uint8_t tos = 0;
  uint16_t id = 0x1234;  // IPv4

  std::optional<uint8_t> version;
  std::optional<uint8_t> header_words;  // IPv4 header length field
  std::optional<uint16_t> ip_length;    // total length (IPv4), payload length (IPv6)
  unsigned ip_options = 0;              // bytes of IPv4 options, a multiple of four
  Bytes ip_option_bytes;                // instead of these no-operations, a multiple of four too
  uint16_t fragment = 0x4000;           // IPv4 flags and offset as on the wire; 0x4000: DF

  struct Extension {
    uint8_t type;  // the protocol number by which the header before names it
    Bytes body;    // all of it; the first byte is overwritten with the next header's number
  };
  std::vector<Extension> extensions;  // IPv6

  uint8_t tcp_flags = 0;
  uint32_t sequence = 1000, acknowledgement = 0;
  unsigned tcp_options = 0;  // bytes, a multiple of four
  Bytes tcp_option_bytes;    // instead of these no-operations
  uint16_t urgent = 0;
  std::optional<uint8_t> data_offset;  // in units of four bytes
  std::optional<uint16_t> udp_length;
  bool udp_checksum = true;
  uint8_t icmp_type = 8, icmp_code = 0;
  uint16_t icmp_mtu = 0;              // of an error; else id 1 and sequence 1 of an echo
  std::optional<uint32_t> icmp_rest;  // of the header, in place of both
  Bytes payload;

  bool bad_ip_checksum = false;
  bool bad_l4_checksum = false;
  unsigned padding = 0;             // bytes behind the packet
  std::map<size_t, uint8_t> patch;  // offset in the frame -> byte, after all else
  std::optional<size_t> truncate;   // bytes that are left of the frame
};

Bytes build(const FrameSpec& spec);

/// An ARP request for `target` (RFC 826).
Bytes build_arp(const MacAddress& sender_mac, const IpAddress& sender, const IpAddress& target);

}  // namespace lbd::test
