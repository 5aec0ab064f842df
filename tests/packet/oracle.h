// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/address.h"

// What must come out, computed without the code under test: slow, plain, from the RFCs.
namespace lbd::test {

using Bytes = std::vector<uint8_t>;

/// "45 00 00 14": blanks are allowed anywhere. Throws std::invalid_argument on anything else.
Bytes from_hex(std::string_view text);

/// RFC 1071 in host arithmetic, word by word; an odd last byte is padded. Not complemented.
uint32_t slow_sum(const uint8_t* data, size_t length, uint32_t sum = 0);
/// Host order.
uint16_t slow_checksum(const uint8_t* data, size_t length, uint32_t sum = 0);
/// The pseudo-header's sum (RFC 793 3.1, RFC 8200 8.1).
uint32_t slow_pseudo_header(const IpAddress& source, const IpAddress& destination, uint8_t protocol,
                            uint32_t length);

uint16_t get16(const Bytes& bytes, size_t offset);
uint32_t get32(const Bytes& bytes, size_t offset);
void put16(Bytes& bytes, size_t offset, uint16_t value);
void put32(Bytes& bytes, size_t offset, uint32_t value);

/// The frame as dr forwards it: new MAC addresses, TTL one less, the IPv4 header checksum made
/// anew, nothing behind the IP packet but what fills a frame of 60 bytes; all else as it was.
Bytes forwarded_by_dr(const Bytes& frame, const MacAddress& destination, const MacAddress& source);

/// What a whole, untagged frame without IPv6 extension headers says. Throws std::runtime_error
/// where it is too short for what it claims.
struct Decoded {
  MacAddress destination_mac, source_mac;
  IpAddress source, destination;
  uint8_t protocol = 0;
  uint8_t ttl = 0;
  size_t l4 = 0;   // offset of the transport header
  size_t end = 0;  // offset behind the IP packet
  bool ip_checksum_valid = false;
  bool l4_checksum_valid = false;
};
Decoded decode(const Bytes& frame);

}  // namespace lbd::test
