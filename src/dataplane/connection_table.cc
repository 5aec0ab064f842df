// SPDX-License-Identifier: Apache-2.0
#include "dataplane/connection_table.h"

#include <array>
#include <bit>
#include <string>

namespace lbd {
namespace {

/// How many insertions ahead a free connection's lines are fetched.
constexpr uint32_t kInsertPrefetch = 8;

size_t used_words(uint32_t capacity) {
  return (size_t{capacity} + 63) / 64;
}

/// Two entries for each connection.
uint32_t index_buckets(uint32_t capacity) {
  return FlowIndex::buckets_for(capacity * 2);
}

}  // namespace

size_t ConnectionTable::bytes_needed(uint32_t capacity) {
  return size_t{capacity} * (sizeof(Connection) + sizeof(uint32_t)) +
         size_t{index_buckets(capacity)} * sizeof(FlowBucket) +
         used_words(capacity) * sizeof(uint64_t);
}

Result<ConnectionTable> ConnectionTable::create(uint32_t capacity, const FlowHash& hash,
                                                TableMemory memory) {
  if (capacity == 0 || capacity > kMaxCapacity)
    return Error{"connection table: " + std::to_string(capacity) + " connections asked for; 1 to " +
                 std::to_string(kMaxCapacity) + " are possible"};
  ConnectionTable table(capacity, hash);
  if (!table.allocate(memory))
    return Error{"connection table: no " + std::to_string(bytes_needed(capacity)) +
                 " bytes of memory for " + std::to_string(capacity) +
                 " connections; reserve more huge pages or lower max_connections"};
  return table;
}

bool ConnectionTable::allocate(TableMemory memory) {
  const auto take = [&](size_t bytes) { return memory.allocate(bytes, 64, memory.context); };
  const uint32_t buckets = index_buckets(capacity_);
  auto* index = static_cast<FlowBucket*>(take(buckets * sizeof(FlowBucket)));
  connections_ = static_cast<Connection*>(take(capacity_ * sizeof(Connection)));
  free_ids_ = static_cast<uint32_t*>(take(capacity_ * sizeof(uint32_t)));
  used_ = static_cast<uint64_t*>(take(used_words(capacity_) * sizeof(uint64_t)));
  index_ = FlowIndex(index, buckets);
  return index != nullptr && connections_ != nullptr && free_ids_ != nullptr && used_ != nullptr;
}

void ConnectionTable::hash_and_prefetch(const FlowKey* keys, unsigned n, uint64_t* hashes) const {
  for (unsigned i = 0; i < n; ++i) {
    hashes[i] = hash_(keys[i]);
    __builtin_prefetch(&index_.bucket(index_.first(hashes[i])));
  }
}

void ConnectionTable::lookup(const FlowKey* keys, const uint64_t* hashes, unsigned n,
                             uint32_t* ids) const {
  std::array<uint8_t, kMaxBurst> second;
  unsigned seconds = 0;
  for (unsigned i = 0; i < n; ++i) {
    const uint32_t number = index_.first(hashes[i]);
    const uint32_t print = FlowIndex::fingerprint(hashes[i]);
    const FlowBucket& bucket = index_.bucket(number);
    ids[i] = kNoConnection;
    if (const uint32_t mask = bucket.match(print)) {
      ids[i] = bucket.id(static_cast<unsigned>(std::countr_zero(mask)));
      prefetch_found(ids[i]);
    } else if (bucket.has_overflow()) {
      second[seconds++] = static_cast<uint8_t>(i);
      __builtin_prefetch(&index_.bucket(index_.other(number, print)));
    }
  }
  for (unsigned k = 0; k < seconds; ++k) {
    const unsigned i = second[k];
    const uint32_t print = FlowIndex::fingerprint(hashes[i]);
    const FlowBucket& bucket = index_.bucket(index_.other(index_.first(hashes[i]), print));
    if (const uint32_t mask = bucket.match(print)) {
      ids[i] = bucket.id(static_cast<unsigned>(std::countr_zero(mask)));
      prefetch_found(ids[i]);
    }
  }
  for (unsigned i = 0; i < n; ++i) {
    if (ids[i] == kNoConnection || key_of(ids[i]) == keys[i]) [[likely]]
      continue;
    ids[i] = find(keys[i], hashes[i]);  // equal fingerprints: about once in a billion
  }
}

uint32_t ConnectionTable::find_in(const FlowBucket& bucket, const FlowKey& key,
                                  uint32_t fingerprint) const {
  for (uint32_t mask = bucket.match(fingerprint); mask != 0; mask &= mask - 1) {
    const uint32_t id = bucket.id(static_cast<unsigned>(std::countr_zero(mask)));
    if (key_of(id) == key) return id;
  }
  return kNoConnection;
}

uint32_t ConnectionTable::find(const FlowKey& key, uint64_t hash) const {
  const uint32_t print = FlowIndex::fingerprint(hash);
  const uint32_t number = index_.first(hash);
  const FlowBucket& bucket = index_.bucket(number);
  const uint32_t id = find_in(bucket, key, print);
  if (id != kNoConnection || !bucket.has_overflow()) return id;
  return find_in(index_.bucket(index_.other(number, print)), key, print);
}

uint32_t ConnectionTable::take_id() {
  if (recycled_ > 0) {
    if (recycled_ > kInsertPrefetch) prefetch(free_ids_[recycled_ - 1 - kInsertPrefetch]);
    return free_ids_[--recycled_];
  }
  if (fresh_ == capacity_) return kNoConnection;
  if (fresh_ + kInsertPrefetch < capacity_) prefetch(fresh_ + kInsertPrefetch);
  return fresh_++;
}

void ConnectionTable::give_id(uint32_t id) {
  free_ids_[recycled_++] = id;
}

uint32_t ConnectionTable::insert(const FlowKey& key, uint64_t hash) {
  const uint32_t id = take_id();
  if (id == kNoConnection) return kNoConnection;
  if (!index_.insert(hash, id)) {
    give_id(id);
    return kNoConnection;
  }
  connections_[id] = Connection{};
  connections_[id].key = key;
  used_[id / 64] |= uint64_t{1} << (id % 64);
  ++size_;
  return id;
}

bool ConnectionTable::insert_reply(uint32_t id, const FlowKey& reply, uint64_t hash) {
  if (find(reply, hash) != kNoConnection || !index_.insert(hash, id | kReply)) return false;
  connections_[id].reply = reply;
  connections_[id].flags |= kHasReply;
  ++replies_;
  return true;
}

void ConnectionTable::erase(uint32_t id, uint64_t hash) {
  index_.erase(hash, id);
  if (connections_[id].flags & kHasReply) {
    index_.erase(hash_(connections_[id].reply), id | kReply);
    --replies_;
  }
  used_[id / 64] &= ~(uint64_t{1} << (id % 64));
  --size_;
  give_id(id);
}

void ConnectionTable::erase(uint32_t id) {
  erase(id, hash_(connections_[id].key));
}

void ConnectionTable::erase(const uint32_t* ids, unsigned n) {
  std::array<uint64_t, kMaxBurst> hashes;
  for (unsigned i = 0; i < n; ++i) {
    hashes[i] = hash_(connections_[ids[i]].key);
    __builtin_prefetch(&index_.bucket(index_.first(hashes[i])), 1);
  }
  for (unsigned i = 0; i < n; ++i) erase(ids[i], hashes[i]);
}

uint32_t ConnectionTable::next_used(uint32_t from) const {
  if (from >= fresh_) return kNoConnection;
  size_t word = from / 64;
  uint64_t bits = used_[word] & (~uint64_t{0} << (from % 64));
  while (bits == 0) {
    if (++word * 64 >= fresh_) return kNoConnection;
    bits = used_[word];
  }
  return static_cast<uint32_t>(word * 64) + static_cast<uint32_t>(std::countr_zero(bits));
}

}  // namespace lbd
