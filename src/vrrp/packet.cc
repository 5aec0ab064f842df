// SPDX-License-Identifier: Apache-2.0
#include "vrrp/packet.h"

#include <algorithm>
#include <cstring>

#include "common/checksum.h"
#include "common/wire.h"

namespace lbd::vrrp {
namespace {

constexpr uint8_t kAdvertisement = 1;  // the only type there is (RFC 9568 5.2.2)
constexpr uint8_t kNoAuthentication = 0;
constexpr uint8_t kSimplePassword = 1;
constexpr uint16_t kMaxInterval = 0xfff;

size_t length_of(uint8_t version, Family family, size_t addresses) {
  const size_t address = family == Family::kIpv4 ? 4 : 16;
  const size_t authentication = version == 2 ? sizeof(Password) : 0;
  return sizeof(Header) + addresses * address + authentication;
}

uint64_t pseudo_sum(const IpAddress& source, const IpAddress& destination, size_t length) {
  std::array<uint8_t, 32> both;
  const unsigned size = source.size();
  std::memcpy(both.data(), source.data(), size);
  std::memcpy(both.data() + size, destination.data(), size);
  return checksum::pseudo_header(both.data(), size * 2, wire::kProtoVrrp,
                                 static_cast<uint32_t>(length));
}

bool sums_up(uint64_t sum) {
  return checksum::fold(sum) == 0xffff;
}

/// IPv6 always has the pseudo-header (RFC 5798 5.2.8); IPv4 of version 3 with or without it.
bool checksum_valid(const Received& received, uint8_t version) {
  const auto& payload = received.payload;
  const uint64_t plain = checksum::add(payload.data(), payload.size());
  const uint64_t pseudo = pseudo_sum(received.source, received.destination, payload.size());
  if (!received.source.is_v4()) return sums_up(plain + pseudo);
  return sums_up(plain) || (version == 3 && sums_up(plain + pseudo));
}

/// Takes as long whatever the bytes are.
bool same_password(const uint8_t* there, const Password& ours) {
  unsigned difference = 0;
  for (size_t i = 0; i < ours.size(); ++i) difference |= there[i] ^ ours[i];
  return difference == 0;
}

bool authentic(const Header& header, const Received& received, const Protocol& expected) {
  if (expected.version != 2) return true;
  const unsigned type = header.interval.host() >> 8;
  if (!expected.password) return type == kNoAuthentication;
  const uint8_t* data = received.payload.data() + received.payload.size() - sizeof(Password);
  return type == kSimplePassword && same_password(data, *expected.password);
}

uint32_t interval_of(const Header& header, uint8_t version) {
  if (version == 2) return (header.interval.host() & 0xffu) * 100;
  return header.interval.host() & kMaxInterval;
}

bool same_addresses(std::span<const uint8_t> bytes, size_t count, const Protocol& expected) {
  if (count != expected.sorted_addresses.size()) return false;
  const size_t size = expected.family == Family::kIpv4 ? 4 : 16;
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* at = bytes.data() + i * size;
    const IpAddress address = size == 4 ? IpAddress::v4(at) : IpAddress::v6(at);
    if (!std::ranges::binary_search(expected.sorted_addresses, address)) return false;
  }
  return true;
}

bool is_host(const IpAddress& address) {
  return !address.is_unspecified() && !address.is_multicast() && !address.is_loopback() &&
         !address.is_limited_broadcast();
}

bool source_allowed(const Received& received, const Protocol& expected) {
  if (!is_host(received.source)) return false;
  return expected.peers.empty() ||
         std::ranges::find(expected.peers, received.source) != expected.peers.end();
}

}  // namespace

std::vector<uint8_t> build(const Protocol& protocol, uint8_t priority,
                           const IpAddress& destination) {
  const bool v2 = protocol.version == 2;
  std::vector<uint8_t> out(length_of(protocol.version, protocol.family, protocol.addresses.size()));
  Header header{};
  header.version_type = static_cast<uint8_t>(protocol.version << 4 | kAdvertisement);
  header.vrid = protocol.vrid;
  header.priority = priority;
  header.count = static_cast<uint8_t>(protocol.addresses.size());
  const unsigned type = protocol.password ? kSimplePassword : kNoAuthentication;
  header.interval = Be16(
      static_cast<uint16_t>(v2 ? type << 8 | protocol.interval_cs / 100 : protocol.interval_cs));
  uint8_t* at = out.data() + sizeof(header);
  for (const IpAddress& address : protocol.addresses) {
    std::memcpy(at, address.data(), address.size());
    at += address.size();
  }
  if (v2 && protocol.password) std::memcpy(at, protocol.password->data(), sizeof(Password));
  std::memcpy(out.data(), &header, sizeof(header));
  uint64_t sum = checksum::add(out.data(), out.size());
  if (!v2 && (protocol.family == Family::kIpv6 || protocol.pseudo_header))
    sum += pseudo_sum(protocol.source, destination, out.size());
  header.checksum = Be16::from_raw(static_cast<uint16_t>(~checksum::fold(sum)));
  std::memcpy(out.data(), &header, sizeof(header));
  return out;
}

std::optional<std::span<const uint8_t>> behind_authentication_header(
    std::span<const uint8_t> packet) {
  if (packet.size() < 2 || packet[0] != wire::kProtoVrrp) return std::nullopt;
  const size_t length = (packet[1] + 2u) * 4;  // RFC 4302 2.2
  if (length > packet.size()) return std::nullopt;
  return packet.subspan(length);
}

std::optional<uint8_t> claimed_vrid(std::span<const uint8_t> payload) {
  if (payload.size() < sizeof(Header)) return std::nullopt;
  return payload[1];
}

std::variant<Advertisement, ErrorKind> read(const Received& received, const Protocol& expected) {
  const auto& payload = received.payload;
  // RFC 3768 7.1, RFC 9568 9: authentication is gone; nothing behind it is looked at.
  if (received.authentication_header) return ErrorKind::kAuthenticationHeader;
  if (payload.size() < sizeof(Header)) return ErrorKind::kLength;
  Header header;
  std::memcpy(&header, payload.data(), sizeof(header));
  const unsigned version = header.version_type >> 4;
  if ((version == 2 || version == 3) &&
      payload.size() != length_of(static_cast<uint8_t>(version), expected.family, header.count))
    return ErrorKind::kLength;
  const bool multicast = received.destination.is_multicast();
  if (multicast && received.ttl != kTtl) return ErrorKind::kTtl;
  if (version != expected.version) return ErrorKind::kVersion;
  if (!authentic(header, received, expected)) return ErrorKind::kAuthentication;
  Advertisement out;
  out.priority = header.priority;
  out.interval_cs = interval_of(header, expected.version);
  // Version 2 must agree on it (RFC 3768 7.1), version 3 learns it (RFC 9568 6.1); nobody can be
  // heard every zero centiseconds.
  if (out.interval_cs == 0 || (version == 2 && out.interval_cs != expected.interval_cs))
    return ErrorKind::kInterval;
  if ((header.version_type & 0xf) != kAdvertisement) return ErrorKind::kType;
  if (!checksum_valid(received, expected.version)) return ErrorKind::kChecksum;
  if (multicast == !expected.peers.empty()) return ErrorKind::kCast;
  if (received.source == expected.source) return ErrorKind::kOwnAddress;
  if (!source_allowed(received, expected)) return ErrorKind::kSource;
  out.addresses_differ = !same_addresses(payload.subspan(sizeof(Header)), header.count, expected);
  return out;
}

}  // namespace lbd::vrrp
