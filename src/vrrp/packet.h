// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "common/address.h"
#include "common/endian.h"
#include "vrrp/error_kind.h"

// Advertisements as they lie on the wire: version 2 (RFC 3768 5, with the password of RFC 2338
// 5.3.6.2) and version 3 (RFC 5798 5, RFC 9568 5). Pure: bytes in, bytes out.
namespace lbd::vrrp {

inline constexpr uint8_t kTtl = 255;             // RFC 9568 5.1.1.3
inline constexpr uint8_t kTypeOfService = 0xc0;  // internetwork control (RFC 791 3.1)
inline constexpr uint8_t kPriorityStop = 0;      // RFC 9568 5.2.4: the master gives up
inline constexpr uint8_t kPriorityLowest = 1;    // RFC 9568 5.2.4: of a backup, the least
inline constexpr uint8_t kPriorityOwner = 255;   // RFC 9568 5.2.4: owns the addresses
inline constexpr size_t kMaxAddresses = 255;     // the count is one byte

/// Eight bytes, padded with zeros.
using Password = std::array<uint8_t, 8>;

struct [[gnu::packed]] Header {
  uint8_t version_type;  // version << 4 | type
  uint8_t vrid;
  uint8_t priority;
  uint8_t count;
  /// Version 2: authentication type and interval in seconds. Version 3: 4 bits reserved, 12 bits
  /// interval in centiseconds.
  Be16 interval;
  Be16 checksum;
};
static_assert(sizeof(Header) == 8);

/// What one virtual router says and expects to hear. Both sides of an instance agree on it.
struct Protocol {
  Family family = Family::kIpv4;
  uint8_t version = 3;         // 2 or 3; IPv6 only has 3
  uint8_t vrid = 1;            // 1..255
  uint32_t interval_cs = 100;  // centiseconds; whole seconds in version 2
  /// Version 3 over IPv4: the checksum that we send covers a pseudo-header too, as RFC 5798 5.2.8
  /// is read by keepalived and FRR. False: RFC 9568 5.2.8. Either is accepted.
  bool pseudo_header = true;
  std::optional<Password> password;  // version 2
  IpAddress group;                   // where advertisements go without peers
  std::vector<IpAddress> peers;      // unicast
  IpAddress source;                  // ours
  /// As advertised, in this order; sorted for looking up.
  std::vector<IpAddress> addresses;
  std::vector<IpAddress> sorted_addresses;
};

/// The payload of an IP packet. `destination` only matters for a pseudo-header.
std::vector<uint8_t> build(const Protocol& protocol, uint8_t priority,
                           const IpAddress& destination);

/// What a socket delivered. `payload` is behind the IP header.
struct Received {
  IpAddress source;
  IpAddress destination;
  uint8_t ttl = 0;
  std::span<const uint8_t> payload;
  bool authentication_header = false;  // there was one between IP header and payload
};

struct Advertisement {
  uint8_t priority = 0;
  uint32_t interval_cs = 0;
  bool addresses_differ = false;
};

/// What is behind an IPsec authentication header (RFC 4302 2), which RFC 2338 5.3.6.3 put before
/// advertisements. Nothing where it is not whole or protects something else.
std::optional<std::span<const uint8_t>> behind_authentication_header(
    std::span<const uint8_t> packet);

/// The virtual router id that it claims, before anything is checked.
std::optional<uint8_t> claimed_vrid(std::span<const uint8_t> payload);

/// Checks it against what `expected` says, in the order of ErrorKind (RFC 9568 7.1, RFC 3768 7.1).
std::variant<Advertisement, ErrorKind> read(const Received& received, const Protocol& expected);

}  // namespace lbd::vrrp
