// SPDX-License-Identifier: Apache-2.0
#include "dataplane/owner.h"

#include <cstring>

#include "dataplane/packet.h"

namespace lbd {
namespace {

constexpr size_t kAddressBytes4 = 8;
constexpr size_t kAddressBytes6 = 32;
constexpr size_t kPortBytes = 4;

}  // namespace

Owner::Owner(std::span<const uint8_t> key, unsigned workers) : toeplitz_(key), workers_(workers) {
  for (unsigned i = 0; i < kTableSize; ++i)
    table_[i] = static_cast<WorkerIndex>(i % kPeriod % workers);
}

uint32_t Owner::hash(const FlowKey& key) const {
  if (!has_ports(key.protocol())) return hash_addresses(key);
  // FlowKey keeps the bytes in wire order, so they are hashed as they lie.
  uint8_t input[kAddressBytes6 + kPortBytes];
  const size_t addresses = key.is_v4() ? kAddressBytes4 : kAddressBytes6;
  std::memcpy(input, key.address, addresses);
  std::memcpy(input + addresses, &key.ports_protocol, kPortBytes);
  return toeplitz_.hash(input, addresses + kPortBytes);
}

uint32_t Owner::hash_addresses(const FlowKey& key) const {
  return toeplitz_.hash(reinterpret_cast<const uint8_t*>(key.address),
                        key.is_v4() ? kAddressBytes4 : kAddressBytes6);
}

}  // namespace lbd
