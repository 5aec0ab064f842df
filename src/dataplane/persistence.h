// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "dataplane/connection.h"
#include "dataplane/ids.h"
#include "dataplane/tick.h"

namespace lbd {

/// services[].persistence.
struct Persistence {
  bool on = false;
  Tick timeout = 0;
  uint8_t prefix4 = 32;
  uint8_t prefix6 = 128;
  bool keep_quiesced = true;  // on_quiesce: keep
  bool operator==(const Persistence&) const = default;
};

/// Which client of a service: a hash of its prefix and the service that strangers cannot foresee.
uint64_t client_hash(const FlowKey& key, uint8_t prefix4, uint8_t prefix6, ServiceId service,
                     uint64_t seed);

/// Templates: which real server a client (prefix, service) has. One table for all workers; it
/// outlives publishing.
///
/// Theory. A slot is one word: 32 bits of the client's hash, the server, and the low bits of the
/// tick at which it was written; beside it the tick at which it ends. The hash's other bits choose
/// the bucket. Whoever finds no template of a client puts one into the first slot of the bucket
/// that is free or over, by compare-and-swap; of two workers with the same client both try the same
/// slot, one fails, looks again and finds what the other has written. So a client's flows agree on
/// one server wherever they arrive, without a lock and without a trip to an owner. (Two clients of
/// one hash share a server, which harms neither.) Since a slot's word and its end are two stores,
/// the end has the word's stamp too: where they differ, the slot is being written, and valid.
class TemplateTable {
 public:
  /// `slots`: a power of two.
  explicit TemplateTable(uint32_t slots) : slots_(slots) {}

  /// kNoId where there is none.
  ServerId find(uint64_t client, Tick now) const;
  /// Names `server` until `end`, unless the client has got one meanwhile; returns the one that it
  /// has. `server`, too, where the bucket is full: this client is not remembered then.
  ServerId settle(uint64_t client, ServerId server, Tick now, Tick end);
  /// The client's server becomes another one, if it is still `old`; returns the one that it has.
  ServerId replace(uint64_t client, ServerId old, ServerId server, Tick now, Tick end);
  /// Lets a template last at least until `end`.
  void extend(uint64_t client, Tick end);

 private:
  struct Slot {
    std::atomic<uint64_t> word{0};   // 0: free
    std::atomic<uint64_t> until{0};  // stamp << 32 | end
  };
  static constexpr uint32_t kWays = 8;

  Slot* bucket(uint64_t client) {
    return &slots_[(client & (slots_.size() - 1)) & ~(kWays - 1ull)];
  }
  const Slot* bucket(uint64_t client) const {
    return &slots_[(client & (slots_.size() - 1)) & ~(kWays - 1ull)];
  }

  std::vector<Slot> slots_;
};

}  // namespace lbd
