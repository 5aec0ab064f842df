// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "common/toeplitz.h"
#include "dataplane/connection.h"
#include "dataplane/ids.h"

// Which worker owns a flow.
//
// Theory. Network cards hash a packet's addresses and ports with Toeplitz, take the low bits of the
// hash as index into a redirection table and find the receive queue there. The owner function is
// the same thing with worker numbers in a table of 512 entries: what a card with our key and our
// table does in hardware, software does for every other device, with the same answer. One key, one
// table, for all ports, so that a flow has one owner whichever port it comes in by.
//
// Cards have tables of 64 to 2048 entries. The pattern of our table repeats every kPeriod entries,
// so any table of a multiple of kPeriod entries can hold it, and a shorter one where the number of
// workers divides its size. (512 different entries would spread a little better over, say, 48
// workers, and be right for fewer cards.)
namespace lbd {

class Owner {
 public:
  static constexpr unsigned kTableSize = 512;
  static constexpr unsigned kPeriod = 128;

  /// `key`: at least Toeplitz::kMaxInput + 4 bytes. `workers`: 1 to kMaxWorkers.
  Owner(std::span<const uint8_t> key, unsigned workers);

  /// `hash`: Toeplitz, host order, as devices put it into mbuf->hash.rss.
  WorkerIndex of(uint32_t hash) const { return table_[hash % kTableSize]; }

  /// TCP and UDP: addresses and ports. Anything else: the addresses alone (see hash_addresses).
  WorkerIndex of(const FlowKey& key) const { return of(hash(key)); }
  /// For fragments and what has no ports.
  WorkerIndex of_addresses(const FlowKey& key) const { return of(hash_addresses(key)); }

  /// Of source address, destination address, source port, destination port as they lie on the wire.
  uint32_t hash(const FlowKey& key) const;
  /// Of the two addresses: what devices do with fragments, whose ports only the first one has, and
  /// with protocols they do not know.
  uint32_t hash_addresses(const FlowKey& key) const;

  unsigned workers() const { return workers_; }
  const std::array<WorkerIndex, kTableSize>& table() const { return table_; }

 private:
  Toeplitz toeplitz_;
  std::array<WorkerIndex, kTableSize> table_{};
  unsigned workers_;
};

}  // namespace lbd
