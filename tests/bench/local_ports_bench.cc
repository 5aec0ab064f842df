// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <memory>
#include <random>
#include <vector>

#include "dataplane/local_ports.h"
#include "huge_memory.h"

// What it costs to choose a local address and port for a new connection by fullnat, where so many
// of the worker's are taken. In turn: those that the cursor came by last, as it is where
// connections live equally long. At random: the worst case.
namespace lbd::bench {
namespace {

constexpr uint8_t kUdp = 17;
constexpr WorkerIndex kWorker = 1;

IpAddress address(Family family, uint32_t n) {
  if (family == Family::kIpv4) return IpAddress::v4_host(0xc0000200u + n);
  uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8};
  bytes[15] = static_cast<uint8_t>(n);
  return IpAddress::v6(bytes);
}

/// One real server, and the connections to it.
class Pool {
 public:
  Pool(Family family, uint32_t addresses, unsigned workers)
      : server_{address(family, 31), 8080},
        worker_(workers > 1 ? kWorker : WorkerIndex{0}),
        owner_(default_rss_key(), workers),
        ports_(owner_),
        table_(ConnectionTable::create(addresses * 65'536, hash(), memory_.get()).value()) {
    for (uint32_t i = 0; i < addresses; ++i) locals_.push_back(address(family, 64 + i));
  }

  /// Takes so many thousandths of what this worker has.
  void fill(uint32_t thousandths, bool in_turn) {
    std::minstd_rand random(1);
    const uint64_t all = uint64_t{ports_.positions(worker_)} * locals_.size();
    for (uint32_t n = 0; n < all; ++n) {
      const bool taken = in_turn ? n < all * thousandths / 1'000 : random() % 1'000 < thousandths;
      if (!taken) continue;
      const IpAddress& local = locals_[n % locals_.size()];
      const uint32_t base = owner_.hash(FlowKey::make(server_, {local, 0}, kUdp));
      const auto position = static_cast<uint32_t>(n / locals_.size());
      if (const uint16_t port = ports_.port(local.family(), base, worker_, position); port != 0)
        take(local, port);
      if (in_turn) first_free_ = n;
    }
  }

  void choose(benchmark::State& state) {
    const LocalPorts ports(ports_, owner_, table_, worker_);
    const auto round = static_cast<uint32_t>(ports_.positions(worker_) * locals_.size());
    // Before the round's end, where the cursor would come to those taken first.
    const uint32_t last = first_free_ == 0 ? round : round - round / 64;
    uint32_t cursor = first_free_;
    uint64_t refused = 0;
    for (auto _ : state) {
      if (cursor < first_free_ || cursor >= last) cursor = first_free_;
      const auto chosen = ports.choose(server_, kUdp, locals_, table_.size(), cursor);
      benchmark::DoNotOptimize(chosen);
      if (!chosen) ++refused;
    }
    if (refused != 0) state.SkipWithError("nothing was free");
  }

 private:
  static FlowHash hash() {
    return FlowHash({0x243f6a8885a308d3ull, 0x13198a2e03707344ull, 0xa4093822299f31d0ull,
                     0x082efa98ec4e6c89ull, 0x452821e638d01377ull, 0xbe5466cf34e90c6cull});
  }

  void take(const IpAddress& local, uint16_t port) {
    const uint32_t n = table_.size();
    const FlowKey client = FlowKey::make({IpAddress::v4_host(0x0a000000u + n), 1'024},
                                         {IpAddress::v4_host(0xc0000214u), 80}, kUdp);
    const uint32_t id = table_.insert(client, table_.hash(client));
    const FlowKey reply = FlowKey::make(server_, {local, port}, kUdp);
    table_.insert_reply(id, reply, table_.hash(reply));
  }

  uint32_t first_free_ = 0;  // the cursor's place before it
  Endpoint server_;
  WorkerIndex worker_;
  Owner owner_;
  LocalPortTable ports_;
  HugeMemory memory_;
  ConnectionTable table_;
  std::vector<IpAddress> locals_;
};

void ChooseLocalPort(benchmark::State& state) {
  const Family family = state.range(0) == 4 ? Family::kIpv4 : Family::kIpv6;
  const auto pool = std::make_unique<Pool>(family, static_cast<uint32_t>(state.range(1)),
                                           static_cast<unsigned>(state.range(2)));
  pool->fill(static_cast<uint32_t>(state.range(3)), state.range(4) == 0);
  pool->choose(state);
}
// 980: with 64,512 ports 1,290 of them are free.
BENCHMARK(ChooseLocalPort)
    ->ArgNames({"family", "addresses", "workers", "taken", "random"})
    ->ArgsProduct({{4, 6}, {1, 16}, {1, 4}, {0, 500, 950}, {0}})
    ->ArgsProduct({{4, 6}, {1}, {1}, {500, 900, 980}, {1}});

}  // namespace
}  // namespace lbd::bench
