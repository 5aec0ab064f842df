// SPDX-License-Identifier: Apache-2.0
#include "oracle.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <stdexcept>

namespace lbd::test {
namespace {

constexpr size_t kL3 = 14;

MacAddress mac_at(const Bytes& bytes, size_t offset) {
  MacAddress out;
  std::memcpy(out.bytes.data(), bytes.data() + offset, 6);
  return out;
}

void need(const Bytes& frame, size_t bytes) {
  if (frame.size() < bytes) throw std::runtime_error("a frame shorter than it claims to be");
}

}  // namespace

Bytes from_hex(std::string_view text) {
  Bytes out;
  int high = -1;
  for (const char c : text) {
    if (std::isspace(static_cast<unsigned char>(c))) continue;
    if (!std::isxdigit(static_cast<unsigned char>(c))) throw std::invalid_argument("not hex");
    const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    if (high < 0) {
      high = digit;
    } else {
      out.push_back(static_cast<uint8_t>(high << 4 | digit));
      high = -1;
    }
  }
  if (high >= 0) throw std::invalid_argument("an odd number of hex digits");
  return out;
}

uint32_t slow_sum(const uint8_t* data, size_t length, uint32_t sum) {
  for (size_t i = 0; i < length; i += 2) {
    const uint32_t low = i + 1 < length ? data[i + 1] : 0;
    sum += uint32_t{data[i]} << 8 | low;
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return sum;
}

uint16_t slow_checksum(const uint8_t* data, size_t length, uint32_t sum) {
  return static_cast<uint16_t>(~slow_sum(data, length, sum));
}

uint32_t slow_pseudo_header(const IpAddress& source, const IpAddress& destination, uint8_t protocol,
                            uint32_t length) {
  uint32_t sum = slow_sum(source.data(), source.size());
  sum = slow_sum(destination.data(), destination.size(), sum);
  const uint8_t tail[8] = {uint8_t(length >> 24),
                           uint8_t(length >> 16),
                           uint8_t(length >> 8),
                           uint8_t(length),
                           0,
                           0,
                           0,
                           protocol};
  return slow_sum(tail, sizeof(tail), sum);
}

uint16_t get16(const Bytes& bytes, size_t offset) {
  return static_cast<uint16_t>(bytes.at(offset) << 8 | bytes.at(offset + 1));
}

uint32_t get32(const Bytes& bytes, size_t offset) {
  return uint32_t{get16(bytes, offset)} << 16 | get16(bytes, offset + 2);
}

void put16(Bytes& bytes, size_t offset, uint16_t value) {
  bytes.at(offset) = static_cast<uint8_t>(value >> 8);
  bytes.at(offset + 1) = static_cast<uint8_t>(value);
}

void put32(Bytes& bytes, size_t offset, uint32_t value) {
  put16(bytes, offset, static_cast<uint16_t>(value >> 16));
  put16(bytes, offset + 2, static_cast<uint16_t>(value));
}

Bytes forwarded_by_dr(const Bytes& frame, const MacAddress& destination, const MacAddress& source) {
  Bytes out = frame;
  std::memcpy(out.data(), destination.bytes.data(), 6);
  std::memcpy(out.data() + 6, source.bytes.data(), 6);
  const bool v6 = get16(out, 12) == 0x86dd;
  const size_t length = v6 ? size_t{40} + get16(out, kL3 + 4) : get16(out, kL3 + 2);
  out.resize(std::min(out.size(), std::max(kL3 + length, size_t{60})));
  if (v6) {
    --out.at(kL3 + 7);
    return out;
  }
  --out.at(kL3 + 8);
  const size_t header = (out.at(kL3) & 15u) * 4;
  need(out, kL3 + header);
  put16(out, kL3 + 10, 0);
  put16(out, kL3 + 10, slow_checksum(&out.at(kL3), header));
  return out;
}

Decoded decode(const Bytes& frame) {
  Decoded out;
  need(frame, kL3 + 20);
  out.destination_mac = mac_at(frame, 0);
  out.source_mac = mac_at(frame, 6);
  if (get16(frame, 12) == 0x0800) {
    out.l4 = kL3 + (frame[kL3] & 15u) * 4;
    out.end = kL3 + get16(frame, kL3 + 2);
    need(frame, std::max(out.l4, out.end));
    out.ip_checksum_valid = slow_sum(&frame[kL3], out.l4 - kL3) == 0xffff;
    out.ttl = frame[kL3 + 8];
    out.protocol = frame[kL3 + 9];
    out.source = IpAddress::v4(&frame[kL3 + 12]);
    out.destination = IpAddress::v4(&frame[kL3 + 16]);
  } else {
    need(frame, kL3 + 40);
    out.l4 = kL3 + 40;
    out.end = out.l4 + get16(frame, kL3 + 4);
    need(frame, out.end);
    out.ip_checksum_valid = true;
    out.protocol = frame[kL3 + 6];
    out.ttl = frame[kL3 + 7];
    out.source = IpAddress::v6(&frame[kL3 + 8]);
    out.destination = IpAddress::v6(&frame[kL3 + 24]);
  }
  const size_t length = out.end - out.l4;
  const uint32_t pseudo = out.protocol == 1
                              ? 0
                              : slow_pseudo_header(out.source, out.destination, out.protocol,
                                                   static_cast<uint32_t>(length));
  out.l4_checksum_valid = slow_sum(frame.data() + out.l4, length, pseudo) == 0xffff;
  return out;
}

}  // namespace lbd::test
