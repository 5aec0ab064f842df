// SPDX-License-Identifier: Apache-2.0
#include "dataplane/persistence.h"

#include <rte_byteorder.h>

namespace lbd {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr unsigned kServerBits = 20;
constexpr unsigned kStampBits = 12;
static_assert(kServerBits + kStampBits == 32);

uint64_t mix(uint64_t x) {
  x = (x ^ x >> 33) * 0xff51afd7ed558ccdull;
  x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53ull;
  return x ^ x >> 33;
}

/// The first `bits` of 64 in network order, as they lie in memory.
uint64_t mask64(unsigned bits) {
  return bits == 0 ? 0 : rte_cpu_to_be_64(~uint64_t{0} << (64 - bits));
}

uint32_t tag_of(uint64_t client) {
  return static_cast<uint32_t>(client >> 32) | 1;  // a word of 0 is a free slot
}

uint64_t make_word(uint64_t client, ServerId server, Tick now) {
  return uint64_t{tag_of(client)} << 32 | uint64_t{server} << kStampBits |
         (now & ((1u << kStampBits) - 1));
}

bool is_of(uint64_t word, uint64_t client) {
  return word >> 32 == tag_of(client);
}

ServerId server_of(uint64_t word) {
  return static_cast<uint32_t>(word) >> kStampBits;
}

uint64_t stamp_of(uint64_t word) {
  return word & ((1u << kStampBits) - 1);
}

uint64_t make_until(uint64_t word, Tick end) {
  return stamp_of(word) << 32 | end;
}

bool is_over(uint64_t word, uint64_t until, Tick now) {
  return until >> 32 == stamp_of(word) && tick_reached(now, static_cast<Tick>(until));
}

}  // namespace

uint64_t client_hash(const FlowKey& key, uint8_t prefix4, uint8_t prefix6, ServiceId service,
                     uint64_t seed) {
  const uint64_t start = mix(seed ^ service);
  if (key.is_v4()) {
    const uint32_t mask = prefix4 == 0 ? 0 : rte_cpu_to_be_32(~0u << (32 - prefix4));
    return mix(start ^ (static_cast<uint32_t>(key.address[0]) & mask));
  }
  const unsigned high = prefix6 < 64 ? prefix6 : 64;
  return mix(mix(start ^ (key.address[0] & mask64(high))) ^
             (key.address[1] & mask64(prefix6 - high)));
}

ServerId TemplateTable::find(uint64_t client, Tick now) const {
  const Slot* slots = bucket(client);
  for (uint32_t way = 0; way < kWays; ++way) {
    const uint64_t word = slots[way].word.load(std::memory_order_acquire);
    if (is_of(word, client) && !is_over(word, slots[way].until.load(kRelaxed), now))
      return server_of(word);
  }
  return kNoId;
}

ServerId TemplateTable::settle(uint64_t client, ServerId server, Tick now, Tick end) {
  Slot* slots = bucket(client);
  const uint64_t mine = make_word(client, server, now);
  for (uint32_t tries = 0; tries < kWays; ++tries) {
    Slot* room = nullptr;
    uint64_t seen = 0;
    for (uint32_t way = 0; way < kWays; ++way) {
      const uint64_t word = slots[way].word.load(std::memory_order_acquire);
      const bool over = word == 0 || is_over(word, slots[way].until.load(kRelaxed), now);
      if (!over && is_of(word, client)) return server_of(word);
      if (!over || room != nullptr) continue;
      room = &slots[way];
      seen = word;
    }
    if (room == nullptr) return server;
    if (!room->word.compare_exchange_strong(seen, mine, std::memory_order_acq_rel)) continue;
    room->until.store(make_until(mine, end), kRelaxed);
    return server;
  }
  return server;
}

ServerId TemplateTable::replace(uint64_t client, ServerId old, ServerId server, Tick now,
                                Tick end) {
  Slot* slots = bucket(client);
  for (uint32_t way = 0; way < kWays; ++way) {
    uint64_t word = slots[way].word.load(std::memory_order_acquire);
    if (!is_of(word, client) || is_over(word, slots[way].until.load(kRelaxed), now)) continue;
    if (server_of(word) != old) return server_of(word);
    const uint64_t mine = make_word(client, server, now);
    if (!slots[way].word.compare_exchange_strong(word, mine))
      return is_of(word, client) ? server_of(word) : server;
    slots[way].until.store(make_until(mine, end), kRelaxed);
    return server;
  }
  return settle(client, server, now, end);
}

void TemplateTable::extend(uint64_t client, Tick end) {
  Slot* slots = bucket(client);
  for (uint32_t way = 0; way < kWays; ++way) {
    const uint64_t word = slots[way].word.load(kRelaxed);
    if (!is_of(word, client)) continue;
    // Another worker's later end may be lost by this; the next visit of its connection mends that.
    const uint64_t until = slots[way].until.load(kRelaxed);
    if (until >> 32 == stamp_of(word) && !tick_reached(static_cast<Tick>(until), end))
      slots[way].until.store(make_until(word, end), kRelaxed);
    return;
  }
}

}  // namespace lbd
