// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

// The Internet checksum (RFC 1071) and its incremental update (RFC 1624). Sums are kept in the byte
// order in which the data lies in memory: ones' complement addition does not mind, so nothing is
// swapped. Results are to be stored as they are (BigEndian::from_raw).
namespace lbd::checksum {

/// Folds a running sum to 16 bits, not complemented.
constexpr uint16_t fold(uint64_t sum) {
  sum = (sum & 0xffffffffu) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

/// Adds `length` bytes to a running sum. An odd last byte is padded with zero.
uint64_t add(const void* data, size_t length, uint64_t sum = 0);

/// The checksum field's value over `length` bytes whose checksum field is zero.
inline uint16_t of(const void* data, size_t length) {
  return static_cast<uint16_t>(~fold(add(data, length)));
}

/// True where the bytes, checksum field included, sum up to minus zero.
inline bool valid(const void* data, size_t length) {
  return fold(add(data, length)) == 0xffff;
}

/// The sum of a pseudo-header (RFC 793 3.1, RFC 8200 8.1). `addresses`: source and destination
/// one after the other, as in the IP header; `address_bytes`: 8 or 32. `l4_length` in host order.
uint64_t pseudo_header(const void* addresses, size_t address_bytes, uint8_t protocol,
                       uint32_t l4_length);

/// RFC 1624 eqn. 3: the checksum after one 16-bit word changed. All three as they lie in memory.
constexpr uint16_t update(uint16_t checksum, uint16_t before, uint16_t after) {
  const uint32_t sum = static_cast<uint16_t>(~checksum) +
                       static_cast<uint32_t>(static_cast<uint16_t>(~before)) + after;
  return static_cast<uint16_t>(~fold(sum));
}

/// RFC 1624 eqn. 3, for several words: what to add to a complemented checksum when `before` becomes
/// `after`; both as they lie in memory, at an even place.
constexpr uint64_t change(uint32_t before, uint32_t after) {
  return uint64_t{~before} + after;
}
constexpr uint64_t change(uint64_t before, uint64_t after) {
  return change(static_cast<uint32_t>(before), static_cast<uint32_t>(after)) +
         change(static_cast<uint32_t>(before >> 32), static_cast<uint32_t>(after >> 32));
}
/// The checksum after such changes, summed up.
constexpr uint16_t apply(uint16_t checksum, uint64_t changes) {
  return static_cast<uint16_t>(~fold(static_cast<uint16_t>(~checksum) + changes));
}

}  // namespace lbd::checksum
