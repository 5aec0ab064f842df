// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace lbd::vrrp {

/// Why an advertisement was not believed, in the order in which it is looked at. Each is a counter
/// of its instance.
enum class ErrorKind : uint8_t {
  kLength,
  kTtl,
  kVersion,
  kAuthentication,
  kInterval,
  kType,
  kChecksum,
  kCast,
  kOwnAddress,
  kSource,
  /// Only counted and logged: the advertisement is taken all the same.
  kAddresses,
  kAuthenticationHeader,
  kCount
};
inline constexpr unsigned kErrorKinds = static_cast<unsigned>(ErrorKind::kCount);

struct ErrorInfo {
  std::string_view name;  // in lbctl and JSON
  std::string_view help;
};

inline constexpr std::array<ErrorInfo, kErrorKinds> kErrors{{
    {"length", "its length is not that of its number of addresses"},
    {"ttl", "its TTL or hop limit is not 255: it was routed"},
    {"version", "it is of another version"},
    {"authentication", "its authentication is not ours"},
    {"interval", "its interval is not ours (version 2) or zero"},
    {"type", "it is no advertisement"},
    {"checksum", "its checksum is wrong"},
    {"cast", "it came by multicast where unicast is configured, or the reverse"},
    {"own_address", "it claims to come from our own address"},
    {"source", "it comes from none of the unicast peers, or from no address of a host"},
    {"addresses", "its virtual addresses are not ours; it is taken all the same"},
    {"authentication_header", "it has an IPsec authentication header (RFC 2338)"},
}};

}  // namespace lbd::vrrp
