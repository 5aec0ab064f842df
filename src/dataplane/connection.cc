// SPDX-License-Identifier: Apache-2.0
#include "dataplane/connection.h"

#include "common/endian.h"

namespace lbd {
namespace {

uint32_t load32(const uint8_t* bytes) {
  uint32_t out;
  std::memcpy(&out, bytes, sizeof(out));
  return out;
}

IpAddress address_of(const FlowKey& key, unsigned half) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(key.address);
  return key.is_v4() ? IpAddress::v4(bytes + 4 * half) : IpAddress::v6(bytes + 16 * half);
}

Endpoint endpoint_of(const FlowKey& key, unsigned half) {
  const auto port = static_cast<uint16_t>(key.ports_protocol >> (16 * half));
  return {address_of(key, half), Be16::from_raw(port).host()};
}

}  // namespace

FlowKey FlowKey::make(const Endpoint& source, const Endpoint& destination, uint8_t protocol) {
  const uint32_t ports = Be16(source.port).raw() | uint32_t{Be16(destination.port).raw()} << 16;
  if (source.address.is_v4())
    return v4(load32(source.address.data()), load32(destination.address.data()), ports, protocol);
  uint8_t addresses[32];
  std::memcpy(addresses, source.address.data(), 16);
  std::memcpy(addresses + 16, destination.address.data(), 16);
  return v6(addresses, ports, protocol);
}

Endpoint FlowKey::source() const {
  return endpoint_of(*this, 0);
}
Endpoint FlowKey::destination() const {
  return endpoint_of(*this, 1);
}

}  // namespace lbd
