// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/connection_table.h"
#include "dataplane/flow_index.h"
#include "dataplane/owner.h"
#include "dataplane/worker_context.h"

// Whose connection a reply belongs to, where its addresses do not say it (nat).
//
// Theory. A nat connection is owned by the worker of its client's packets. A reply has other
// addresses, so it lands on another worker: the one that the owner function names for the reply's
// tuple on ports whose device steers, and any that has a receive queue on ports whose device does
// not. When a connection is opened, its owner tells those workers the hash of the reply's tuple;
// when it ends, that it is over. Notices travel by a ring for each pair of workers.
//
// A notice is in the ring before the first packet goes to the real server, so it is there when the
// answer comes: a worker that takes the notices after receiving and before looking up misses none.
// Nothing has to wait for a notice.
//
// An entry is a fingerprint and a worker, eight bytes, in an index like that of the connections.
// Two tuples that agree in 64 bits of hash are taken for one; then a packet is handed to a worker
// that does not know it, and is treated there as it would have been here.
namespace lbd {

/// A hash of a reply's tuple, and whether the connection begins or ends. The bit stands where
/// neither the bucket number nor the fingerprint of a hash is.
struct ReplyNotice {
  static constexpr uint64_t kEnds = uint64_t{1} << 31;
  static uint64_t begins(uint64_t hash) { return hash & ~kEnds; }
  static uint64_t ends(uint64_t hash) { return hash | kEnds; }
};

class ReplyDirectory {
 public:
  /// Connections of all other workers may have to be known, `connections` on each.
  static uint32_t capacity_for(uint32_t connections, unsigned workers);
  static size_t bytes_needed(uint32_t connections, unsigned workers);

  /// The index for this many; nothing where there is not enough memory. Empty for one worker.
  static std::optional<FlowIndex> make_index(uint32_t connections, unsigned workers,
                                             TableMemory memory);

  ReplyDirectory(WorkerContext& context, const Owner& owner, FlowIndex index)
      : context_(context), owner_(owner), index_(index) {}

  /// Whether announce() will succeed: the rings have room.
  bool can_announce(const FlowKey& reply) const;
  /// Tells whom it concerns that replies with this tuple are ours. False, and nothing is told,
  /// where a ring has no room.
  bool announce(const FlowKey& reply, uint64_t hash);
  /// They no longer are. Where a ring has no room the entry stays, which is counted; a later
  /// connection of the same tuple replaces it.
  void withdraw(const FlowKey& reply, uint64_t hash);

  /// Takes what others have told.
  void hear();
  /// True where some are known: worth a look at each packet.
  bool any() const { return count_ != 0; }
  void prefetch(uint64_t hash) const { __builtin_prefetch(&index_.bucket(index_.first(hash))); }
  /// The other worker whose connection a reply of this hash belongs to, or this one: then it is
  /// ours, or nobody's.
  WorkerIndex owner(uint64_t hash) const;

 private:
  template <class F>
  bool for_each_landing(const FlowKey& reply, F f) const;
  void note(uint64_t hash, WorkerIndex worker);
  void forget(uint64_t hash, WorkerIndex worker);

  WorkerContext& context_;
  const Owner& owner_;
  FlowIndex index_;
  uint32_t count_ = 0;
};

}  // namespace lbd
