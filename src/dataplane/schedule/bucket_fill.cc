// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <queue>
#include <utility>

#include "dataplane/schedule/bucket_table.h"

namespace lbd {
namespace {

/// The finaliser of MurmurHash3 (Appleby): every bit of the input moves every bit of the output.
uint64_t mix(uint64_t x) {
  x = (x ^ x >> 33) * 0xff51afd7ed558ccdull;
  x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53ull;
  return x ^ x >> 33;
}

/// A server's order of the buckets: (offset + k * skip) mod size, size being a prime.
struct Permutation {
  uint64_t next;
  uint64_t skip;
};

constexpr uint64_t kTurn = 1 << 16;

struct Turn {
  uint64_t taken;  // buckets that it will have after this turn, in units of 1 / kTurn
  uint32_t weight;
  uint64_t identity;
  uint32_t position;
  /// Later than `other`: a server of weight w takes its k-th bucket at time k / w. Of two at the
  /// same time identity decides, not the order in the file.
  bool operator<(const Turn& other) const {
    const uint64_t mine = taken * other.weight;
    const uint64_t theirs = other.taken * weight;
    return mine != theirs ? mine > theirs : identity > other.identity;
  }
};

}  // namespace

Buckets fill_by_weight(const CandidateList& list) {
  Buckets out(kHashBuckets);
  uint32_t server = 0;
  uint32_t taken = 0;
  for (uint32_t& bucket : out) {
    bucket = server;
    if (++taken < list[server].table_weight) continue;
    taken = 0;
    server = (server + 1) % list.size();
  }
  return out;
}

Buckets fill_in_turn(const CandidateList& list) {
  Buckets out(kHashBuckets);
  for (uint32_t i = 0; i < kHashBuckets; ++i) out[i] = i % list.size();
  return out;
}

Buckets fill_maglev(const CandidateList& list, uint32_t size) {
  std::vector<Permutation> orders;
  std::priority_queue<Turn> turns;
  for (uint32_t i = 0; i < list.size(); ++i) {
    const uint64_t hash = mix(list[i].identity + 1);
    orders.push_back({hash % size, mix(hash + 1) % (size - 1) + 1});
    turns.push({kTurn, list[i].table_weight, list[i].identity, i});
  }
  constexpr uint32_t kFree = ~0u;
  Buckets out(size, kFree);
  for (uint32_t filled = 0; filled < size; ++filled) {
    Turn turn = turns.top();
    turns.pop();
    Permutation& order = orders[turn.position];
    while (out[order.next] != kFree) order.next = (order.next + order.skip) % size;
    out[order.next] = turn.position;
    turn.taken += kTurn;
    turns.push(turn);
  }
  return out;
}

namespace {

/// Bucket by bucket another draw from the whole table, the same ones whoever is down.
uint32_t drawn(const Buckets& all, const CandidateList& list, uint32_t bucket) {
  constexpr unsigned kDraws = 64;
  uint64_t hash = mix(bucket + 1);
  for (unsigned i = 0; i < kDraws; ++i) {
    hash = mix(hash + 1);
    const uint32_t server = all[(hash >> 32) * all.size() >> 32];
    if (!list[server].down) return server;
  }
  for (uint32_t at = static_cast<uint32_t>(hash % list.size());; at = (at + 1) % list.size())
    if (!list[at].down) return at;
}

/// All others take the buckets of one in turn; where each begins is drawn, so that the few buckets
/// of one do not all go to the heaviest.
void give_away(uint32_t from, const Buckets& all, const CandidateList& list, Buckets& out) {
  std::vector<Turn> heap;
  heap.reserve(list.size());
  for (uint32_t i = 0; i < list.size(); ++i) {
    if (i == from) continue;
    const uint64_t phase = mix(list[i].identity ^ mix(list[from].identity)) % kTurn;
    heap.push_back({phase, list[i].table_weight, list[i].identity, i});
  }
  std::priority_queue<Turn> turns(std::less<Turn>{}, std::move(heap));
  for (uint32_t bucket = 0; bucket < all.size(); ++bucket) {
    if (all[bucket] != from) continue;
    Turn turn = turns.top();
    turns.pop();
    out[bucket] = list[turn.position].down ? drawn(all, list, bucket) : turn.position;
    turn.taken += kTurn;
    turns.push(turn);
  }
}

}  // namespace

Buckets without_those_down(const Buckets& all, const CandidateList& list) {
  Buckets out = all;
  for (uint32_t i = 0; i < list.size(); ++i)
    if (list[i].down) give_away(i, all, list, out);
  return out;
}

uint64_t stable_hash(const FlowKey& key, unsigned half, bool with_port) {
  const uint64_t port = with_port ? key.ports_protocol >> (16 * half) & 0xffff : 0;
  if (key.is_v4()) return mix((key.address[0] >> (32 * half) & 0xffffffffu) | port << 32);
  return mix(mix(key.address[2 * half] + port) ^ key.address[2 * half + 1]);
}

uint64_t stable_identity(const Endpoint& server) {
  return stable_hash(FlowKey::make(server, server, 0), 0, true);
}

}  // namespace lbd
