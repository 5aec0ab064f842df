// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/result.h"
#include "dataplane/connection.h"
#include "dataplane/flow_hash.h"
#include "dataplane/flow_index.h"

// A worker's connections, found by flow key. Single-threaded; all memory is taken at construction.
//
// Theory. A connection is found by its key, and, where the director sees replies, by the tuple that
// those have: two entries of one index, which a bit of the entry tells apart (kReply). What is
// found is an id with that bit. Connections lie in one array and are named by their place in it
// (id). FlowIndex finds the few candidates for a hash, mostly one or none, by 32-bit fingerprints;
// the key in the connection decides. A hit costs one bucket of the index and the connection's line
// 0. In bursts both are prefetched: fetch all buckets; compare all, fetch the candidates (and
// second buckets where the first had nothing); verify all. Free ids are a stack, so that the next
// connection gets the memory that was used last; ids that were never used come after those, in
// order.
namespace lbd {

/// Where a table's memory comes from. It is never given back: its lifetime is the caller's concern
/// (it must outlive the table).
struct TableMemory {
  /// Zeroed memory, or nullptr. `alignment` is a power of two.
  void* (*allocate)(size_t bytes, size_t alignment, void* context);
  void* context;
};

class ConnectionTable {
 public:
  /// The most connections a table can have (ids share a word with the index's own bits).
  static constexpr uint32_t kMaxCapacity = kReply;

  /// Fails where `capacity` is 0 or above kMaxCapacity or there is not enough memory.
  static Result<ConnectionTable> create(uint32_t capacity, const FlowHash& hash,
                                        TableMemory memory);
  /// All the memory that create() asks for, in bytes (without the allocator's own rounding).
  static size_t bytes_needed(uint32_t capacity);

  // Bursts, n <= kMaxBurst: first the one, then (after other work, if there is any) the other.

  /// Computes the hashes and starts to fetch the buckets.
  void hash_and_prefetch(const FlowKey* keys, unsigned n, uint64_t* hashes) const;
  /// Writes for each key its connection's id, with kReply where it is the tuple of a reply, or
  /// kNoConnection. Line 0 of each hit is in the cache afterwards, both lines where there are
  /// replies.
  void lookup(const FlowKey* keys, const uint64_t* hashes, unsigned n, uint32_t* ids) const;

  uint64_t hash(const FlowKey& key) const { return hash_(key); }
  /// As lookup(), for one. `hash` = hash(key), here and below.
  uint32_t find(const FlowKey& key, uint64_t hash) const;
  /// Takes a connection from the free ones and enters it: all zero except for the key. The key must
  /// not be in the table. kNoConnection when full, and then nothing has changed.
  uint32_t insert(const FlowKey& key, uint64_t hash);
  /// Enters a connection by the tuple of its replies too. False where that tuple is in the table
  /// already, or the index has no room: then nothing has changed.
  bool insert_reply(uint32_t id, const FlowKey& reply, uint64_t hash);
  /// `id` must be in use. Its slot may be given out again by the next insert.
  void erase(uint32_t id);
  /// The same for n <= kMaxBurst ids, with the buckets fetched at once.
  void erase(const uint32_t* ids, unsigned n);

  Connection& at(uint32_t id) { return connections_[id]; }
  const Connection& at(uint32_t id) const { return connections_[id]; }
  /// Starts to fetch both lines of a connection for writing.
  void prefetch(uint32_t id) const {
    __builtin_prefetch(&connections_[id], 1);
    __builtin_prefetch(&connections_[id].wheel, 1);
  }

  uint32_t size() const { return size_; }
  /// How many connections have a tuple of replies.
  uint32_t replies() const { return replies_; }
  uint32_t capacity() const { return capacity_; }
  bool is_used(uint32_t id) const { return used_[id / 64] >> (id % 64) & 1; }
  /// The least id in use that is not below `from`, or kNoConnection. For paging through the table
  /// while it lives: 64 ids a step.
  uint32_t next_used(uint32_t from) const;

 private:
  ConnectionTable(uint32_t capacity, const FlowHash& hash) : hash_(hash), capacity_(capacity) {}
  bool allocate(TableMemory memory);
  uint32_t take_id();
  void give_id(uint32_t id);
  void erase(uint32_t id, uint64_t hash);
  uint32_t find_in(const FlowBucket& bucket, const FlowKey& key, uint32_t fingerprint) const;
  const FlowKey& key_of(uint32_t found) const {
    const Connection& connection = connections_[connection_id(found)];
    return is_reply(found) ? connection.reply : connection.key;
  }
  void prefetch_found(uint32_t found) const {
    const Connection* connection = &connections_[connection_id(found)];
    __builtin_prefetch(connection);
    if (replies_ != 0) __builtin_prefetch(&connection->wheel);
  }

  FlowHash hash_;
  uint32_t capacity_;
  uint32_t size_ = 0;
  uint32_t replies_ = 0;
  uint32_t fresh_ = 0;     // ids from here on were never used
  uint32_t recycled_ = 0;  // how many of free_ids_ are valid
  FlowIndex index_;
  Connection* connections_ = nullptr;
  uint32_t* free_ids_ = nullptr;  // a stack
  uint64_t* used_ = nullptr;      // a bit for each id
};

}  // namespace lbd
