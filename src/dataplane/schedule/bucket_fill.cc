// SPDX-License-Identifier: Apache-2.0
#include <queue>

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

struct Turn {
  uint64_t taken;  // buckets that it will have after this turn
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
    turns.push({1, list[i].table_weight, list[i].identity, i});
  }
  constexpr uint32_t kFree = ~0u;
  Buckets out(size, kFree);
  for (uint32_t filled = 0; filled < size; ++filled) {
    Turn turn = turns.top();
    turns.pop();
    Permutation& order = orders[turn.position];
    while (out[order.next] != kFree) order.next = (order.next + order.skip) % size;
    out[order.next] = turn.position;
    ++turn.taken;
    turns.push(turn);
  }
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
