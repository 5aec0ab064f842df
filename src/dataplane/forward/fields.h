// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "common/checksum.h"
#include "common/wire.h"

// Fields of a packet at any place, and checksums that follow what changed (RFC 1624).
namespace lbd::fields {

template <class T>
T load(const uint8_t* bytes) {
  T out;
  std::memcpy(&out, bytes, sizeof(out));
  return out;
}

template <class T>
void store(uint8_t* bytes, T value) {
  std::memcpy(bytes, &value, sizeof(value));
}

/// `changes`: a sum of checksum::change().
inline void update(uint8_t* field, uint64_t changes) {
  store(field, checksum::apply(load<uint16_t>(field), changes));
}

/// RFC 768: a sum of zero is sent as all ones, zero means none.
inline void update_udp(uint8_t* field, uint64_t changes) {
  if (load<uint16_t>(field) == 0) return;
  update(field, changes);
  if (load<uint16_t>(field) == 0) store(field, uint16_t{0xffff});
}

/// TCP or UDP.
inline void update_l4(uint8_t* l4, uint8_t protocol, uint64_t changes) {
  if (protocol == wire::kProtoTcp)
    update(l4 + offsetof(wire::Tcp, checksum), changes);
  else
    update_udp(l4 + offsetof(wire::Udp, checksum), changes);
}

}  // namespace lbd::fields
