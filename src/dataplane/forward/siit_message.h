// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "common/wire.h"

// Which ICMP error of one version is which of the other. Checksums are not set. Nothing where the
// other version has none: the error is dropped then.
namespace lbd::siit {

/// RFC 7915 4.2, of destination unreachable, time exceeded and parameter problem. `mtu`: of the way
/// on, in bytes; `length`: of the quoted packet, for routers that tell no MTU.
std::optional<wire::Icmp> message_to_v6(const wire::Icmp& icmp, uint16_t mtu, uint16_t length);

/// RFC 7915 5.2, of types 1 to 4.
std::optional<wire::Icmp> message_to_v4(const wire::Icmp& icmp, uint16_t mtu);

}  // namespace lbd::siit
