// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace lbd {

enum class Family : uint8_t { kIpv4 = 4, kIpv6 = 6 };

/// An IPv4 or IPv6 address in network order. IPv4 occupies the first four bytes, the rest is zero.
class IpAddress {
 public:
  /// 0.0.0.0
  constexpr IpAddress() = default;
  static IpAddress v4(const void* four_bytes);
  static IpAddress v6(const void* sixteen_bytes);
  /// `value` in host order.
  static IpAddress v4_host(uint32_t value);
  /// Strict textual forms only (inet_pton); no zone index, no surrounding blanks.
  static std::optional<IpAddress> parse(std::string_view text);

  Family family() const { return family_; }
  bool is_v4() const { return family_ == Family::kIpv4; }
  /// 4 or 16.
  unsigned size() const { return is_v4() ? 4 : 16; }
  unsigned bits() const { return size() * 8; }
  const uint8_t* data() const { return bytes_.data(); }
  const std::array<uint8_t, 16>& bytes() const { return bytes_; }
  /// Host order; only for IPv4.
  uint32_t v4_host() const;

  bool is_unspecified() const;
  bool is_loopback() const;
  bool is_multicast() const;
  bool is_link_local() const;
  /// 255.255.255.255
  bool is_limited_broadcast() const;
  std::string to_string() const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  Family family_ = Family::kIpv4;
  std::array<uint8_t, 16> bytes_{};
};

/// An address with a prefix length. Keeps the host part (as an interface address needs it).
struct Prefix {
  IpAddress address;
  uint8_t length = 0;

  /// "192.0.2.11/24" or "2001:db8::1/64"; without "/n" only if `default_full` (then a host prefix).
  static std::optional<Prefix> parse(std::string_view text, bool default_full = false);
  bool contains(const IpAddress& other) const;
  /// Host part zeroed.
  Prefix network() const;
  std::string to_string() const;
  auto operator<=>(const Prefix&) const = default;
};

/// Address and port (host order): "10.0.0.1:80", "[2001:db8::1]:80".
struct Endpoint {
  IpAddress address;
  uint16_t port = 0;

  static std::optional<Endpoint> parse(std::string_view text);
  std::string to_string() const;
  auto operator<=>(const Endpoint&) const = default;
};

struct MacAddress {
  std::array<uint8_t, 6> bytes{};

  static std::optional<MacAddress> parse(std::string_view text);
  bool is_multicast() const { return bytes[0] & 1; }
  std::string to_string() const;
  auto operator<=>(const MacAddress&) const = default;
};

/// A cheap 64-bit mix of the address, for control-side hash tables (not seeded).
uint64_t hash_value(const IpAddress& address);

}  // namespace lbd

template <>
struct std::hash<lbd::IpAddress> {
  size_t operator()(const lbd::IpAddress& address) const { return lbd::hash_value(address); }
};
template <>
struct std::hash<lbd::Endpoint> {
  size_t operator()(const lbd::Endpoint& endpoint) const {
    return lbd::hash_value(endpoint.address) * 31 + endpoint.port;
  }
};
