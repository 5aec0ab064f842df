// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <random>
#include <vector>

#include "common/checksum.h"
#include "common/toeplitz.h"
#include "dataplane/connection_table.h"
#include "dataplane/lpm.h"
#include "dataplane/schedule/scheduler.h"
#include "dataplane/timer_wheel.h"
#include "huge_memory.h"

// The stages of the packet path alone, in nanoseconds a packet (or operation): read "Time".
namespace lbd::bench {
namespace {

constexpr unsigned kBurst = 64;

FlowHash bench_hash() {
  return FlowHash({0x243f6a8885a308d3ull, 0x13198a2e03707344ull, 0xa4093822299f31d0ull,
                   0x082efa98ec4e6c89ull, 0x452821e638d01377ull, 0xbe5466cf34e90c6cull});
}

FlowKey flow(uint32_t n) {
  return FlowKey::v4(0x0a000000u + (n >> 14), 0x0100000au, n, 17);
}
FlowKey flow6(uint32_t n) {
  const uint64_t addresses[4] = {0xb80d0120u, n >> 14, 0xb80d0120u, 7};
  return FlowKey::v6(addresses, n & 0x3fff, 17);
}

/// Numbers below `size` in an order that no prefetcher knows.
class RandomOrder {
 public:
  explicit RandomOrder(uint32_t size) : size_(size) {}
  uint32_t next() {
    state_ = state_ * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<uint32_t>((state_ >> 32) * size_ >> 32);
  }

 private:
  uint64_t size_;
  uint64_t state_ = 1;
};

struct FilledTable {
  FilledTable(uint32_t flows, uint32_t capacity, FlowKey (*key)(uint32_t))
      : table(ConnectionTable::create(capacity, bench_hash(), memory.get()).value()) {
    for (uint32_t i = 0; i < flows; ++i) table.insert(key(i), table.hash(key(i)));
  }
  HugeMemory memory;
  ConnectionTable table;
};

/// Flows in the table, capacity in thousandths of them. As the pipeline does it: hash and prefetch,
/// look up, and write the last-seen tick.
void look_up(benchmark::State& state, FlowKey (*key)(uint32_t), uint32_t offset) {
  const auto flows = static_cast<uint32_t>(state.range(0));
  FilledTable filled(flows, static_cast<uint32_t>(uint64_t{flows} * state.range(1) / 1'000), key);
  ConnectionTable& table = filled.table;
  RandomOrder order(flows);
  std::array<FlowKey, kBurst> keys;
  std::array<uint64_t, kBurst> hashes;
  std::array<uint32_t, kBurst> ids;
  Tick now = 0;
  while (state.KeepRunningBatch(kBurst)) {
    for (FlowKey& each : keys) each = key(order.next() + offset);
    table.hash_and_prefetch(keys.data(), kBurst, hashes.data());
    table.lookup(keys.data(), hashes.data(), kBurst, ids.data());
    ++now;
    for (const uint32_t id : ids)
      if (id != kNoConnection) table.at(id).last_seen = now;
  }
}
void LookupHit(benchmark::State& state) {
  look_up(state, flow, 0);
}
void LookupHitIpv6(benchmark::State& state) {
  look_up(state, flow6, 0);
}
void LookupMiss(benchmark::State& state) {
  look_up(state, flow, 0x40000000u);
}
#define FLOWS \
  ->ArgNames({"flows", "room"})->Args({256, 4'000})->Args({65'536, 1'000})->Args({1'000'000, 1'000})
BENCHMARK(LookupHit) FLOWS->Args({996'147, 1'000})->Args({10'000'000, 1'000});
BENCHMARK(LookupHitIpv6) FLOWS;
BENCHMARK(LookupMiss) FLOWS->Args({996'147, 1'000});
#undef FLOWS

/// The oldest connection goes, a new one comes: the table stays as full as it is.
void InsertErase(benchmark::State& state) {
  const auto flows = static_cast<uint32_t>(state.range(0));
  FilledTable filled(flows, flows, flow);
  ConnectionTable& table = filled.table;
  RandomOrder order(flows);
  std::array<FlowKey, kBurst> keys;
  std::array<uint64_t, kBurst> hashes;
  std::array<uint32_t, kBurst> ids;
  uint32_t fresh = flows;
  while (state.KeepRunningBatch(kBurst)) {
    for (uint32_t& id : ids) {  // a used one each; they differ
      do id = order.next();
      while (!table.is_used(id));
      table.prefetch(id);
    }
    std::sort(ids.begin(), ids.end());
    const auto unique = static_cast<unsigned>(std::unique(ids.begin(), ids.end()) - ids.begin());
    table.erase(ids.data(), unique);
    for (unsigned i = 0; i < unique; ++i) keys[i] = flow(fresh++);
    table.hash_and_prefetch(keys.data(), unique, hashes.data());
    for (unsigned i = 0; i < unique; ++i)
      benchmark::DoNotOptimize(table.insert(keys[i], hashes[i]));
  }
}
BENCHMARK(InsertErase)->ArgName("flows")->Arg(65'536)->Arg(1'000'000)->Arg(996'147);

struct WheelEntries {
  ConnectionTable* table;
  Links& links(uint32_t id) { return table->at(id).wheel; }
  void prefetch(uint32_t id) { table->prefetch(id); }
};

/// Visits of live connections that are re-armed at random: the wheel's work per packet at 300 s is
/// this divided by how many packets a connection has in that time.
void WheelVisit(benchmark::State& state) {
  const auto flows = static_cast<uint32_t>(state.range(0));
  FilledTable filled(flows, flows, flow);
  TimerWheel<WheelEntries> wheel({&filled.table}, 0);
  RandomOrder order(4'687);  // 300 s
  for (uint32_t id = 0; id < flows; ++id) wheel.arm(id, order.next());
  Tick now = 0;
  uint32_t visited = 0;
  while (state.KeepRunningBatch(kBurst))
    for (visited = 0; visited < kBurst;) {
      if (wheel.lag(now) == 0) ++now;
      visited += wheel.advance(now, kBurst - visited, [&](uint32_t id) -> Tick {
        benchmark::DoNotOptimize(filled.table.at(id).last_seen);
        return now + 1 + order.next();
      });
    }
}
BENCHMARK(WheelVisit)->ArgName("flows")->Arg(65'536)->Arg(1'000'000);

void ToeplitzHash(benchmark::State& state) {
  const Toeplitz toeplitz(default_rss_key());
  std::array<uint8_t, 36> input{};
  for (auto _ : state) {
    ++input[3];
    benchmark::DoNotOptimize(toeplitz.hash(input.data(), static_cast<size_t>(state.range(0))));
  }
}
BENCHMARK(ToeplitzHash)->ArgName("bytes")->Arg(12)->Arg(36);

void FlowHashing(benchmark::State& state) {
  const FlowHash hash = bench_hash();
  uint32_t n = 0;
  for (auto _ : state) benchmark::DoNotOptimize(hash(state.range(0) == 4 ? flow(++n) : flow6(++n)));
}
BENCHMARK(FlowHashing)->ArgName("family")->Arg(4)->Arg(6);

void Checksum(benchmark::State& state) {
  const std::vector<uint8_t> data(static_cast<size_t>(state.range(0)), 0x5a);
  for (auto _ : state) benchmark::DoNotOptimize(checksum::of(data.data(), data.size()));
}
BENCHMARK(Checksum)->ArgName("bytes")->Arg(20)->Arg(64)->Arg(576)->Arg(1'480);

void ChecksumUpdate(benchmark::State& state) {
  uint16_t sum = 1;
  for (auto _ : state) benchmark::DoNotOptimize(sum = checksum::update(sum, 0x4006, 0x3f06));
}
BENCHMARK(ChecksumUpdate);

void Pick(benchmark::State& state, SchedulerKind kind) {
  std::vector<Candidate> candidates;
  for (uint32_t i = 0; i < state.range(0); ++i) candidates.push_back({i, 1 + i % 7, i});
  for (Candidate& candidate : candidates) candidate.identity = candidate.server;
  const auto schedule =
      make_state(kind, candidates, 0, make_shared_schedule(kind, {}, candidates, nullptr));
  ConnectionCounts counts(static_cast<uint32_t>(candidates.size()));
  RandomOrder order(static_cast<uint32_t>(candidates.size()));
  uint32_t n = 0;
  for (auto _ : state) {
    const FlowKey key = flow(++n);
    const Candidate* picked = schedule->pick({key, &counts, 0});
    benchmark::DoNotOptimize(picked);
    if (!compares_loads(kind)) continue;
    // As it is under load: the connection counts, and another one somewhere ends.
    counts.add(picked->server, kOneActive, {});
    const uint32_t other = order.next();
    if (active_of(counts.get(other)) > 0) counts.add(other, -kOneActive, {});
  }
}
/// All servers, or all but the last, are at their maximum: what a SYN costs then.
void PickFull(benchmark::State& state, SchedulerKind kind) {
  const auto servers = static_cast<uint32_t>(state.range(0));
  const auto room = static_cast<uint32_t>(state.range(1));
  std::vector<Candidate> candidates;
  ConnectionCounts counts(servers);
  for (uint32_t i = 0; i < servers; ++i) {
    candidates.push_back({i, 1, i, Forwarding::kDr, 1, i, true});
    if (i + room < servers) (void)counts.try_add(i, kOneActive, {1, 0});
  }
  const SchedulerOptions options{true, false, 131'071};
  const auto schedule =
      make_state(kind, candidates, 0, make_shared_schedule(kind, options, candidates, nullptr));
  uint32_t n = 0;
  for (auto _ : state) {
    const FlowKey key = flow(++n);
    benchmark::DoNotOptimize(schedule->pick({key, &counts, 0}));
  }
}
/// As a full service works: one server has room, a pick fills it, and a connection of another ends.
void PickCrowded(benchmark::State& state, SchedulerKind kind) {
  const auto servers = static_cast<uint32_t>(state.range(0));
  constexpr Thresholds kOne{1, 0};
  std::vector<Candidate> candidates;
  ConnectionCounts counts(servers);
  for (uint32_t i = 0; i < servers; ++i) {
    candidates.push_back({i, 1, i, Forwarding::kDr, 1, i, true});
    if (i > 0) (void)counts.try_add(i, kOneActive, kOne);
  }
  const SchedulerOptions options{true, false, 131'071};
  const auto schedule =
      make_state(kind, candidates, 0, make_shared_schedule(kind, options, candidates, nullptr));
  RandomOrder order(servers);
  uint32_t n = 0;
  for (auto _ : state) {
    const FlowKey key = flow(++n);
    const Candidate* picked = schedule->pick({key, &counts, 0});
    if (picked == nullptr) return state.SkipWithError("nobody has room");
    (void)counts.try_add(picked->server, kOneActive, kOne);
    counts.add(order.next(), -kOneActive, kOne);
  }
}

void register_picks() {
  for (size_t i = 0; i < kSchedulerNames.size(); ++i) {
    const auto kind = static_cast<SchedulerKind>(i);
    const std::string name = "Pick/" + std::string(name_of(kind));
    auto* made = benchmark::RegisterBenchmark(name.c_str(), Pick, kind);
    made->ArgName("servers")->Arg(2)->Arg(100)->Arg(1'000)->Arg(10'000);
    const std::string full = "PickFull/" + std::string(name_of(kind));
    auto* other = benchmark::RegisterBenchmark(full.c_str(), PickFull, kind);
    other->ArgNames({"servers", "room"})->Args({1'000, 0})->Args({1'000, 1});
    // sh and dh have 256 buckets at most, and so many servers.
    if (kind == SchedulerKind::kSh || kind == SchedulerKind::kDh) continue;
    const std::string crowded = "PickCrowded/" + std::string(name_of(kind));
    auto* third = benchmark::RegisterBenchmark(crowded.c_str(), PickCrowded, kind);
    third->ArgName("servers")->Arg(100)->Arg(1'000);
  }
}
const bool kPicksRegistered = (register_picks(), true);

void Route(benchmark::State& state) {
  Lpm lpm(Family::kIpv4);
  std::mt19937 random(1);
  for (int i = 0; i < state.range(0); ++i)
    lpm.insert({IpAddress::v4_host(random()), static_cast<uint8_t>(8 + random() % 17)}, i);
  uint32_t address = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(lpm.lookup(IpAddress::v4_host(address += 0x9e3779b9u)));
}
BENCHMARK(Route)->ArgName("routes")->Arg(10)->Arg(10'000);

}  // namespace
}  // namespace lbd::bench

BENCHMARK_MAIN();
