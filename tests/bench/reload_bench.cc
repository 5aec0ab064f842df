// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include "control/config/difference.h"
#include "control/desired_state.h"
#include "control/snapshot_builder.h"

// From a parsed file to the snapshot that is published, in milliseconds: what the builder and the
// control thread do for it, without parsing. 10,000 services of 10 servers each, four workers.
namespace lbd::bench {
namespace {

constexpr unsigned kServices = 10'000;
constexpr unsigned kServers = 10;
constexpr unsigned kWorkers = 4;

using File = std::shared_ptr<config::Config>;

File file() {
  auto out = std::make_shared<config::Config>();
  out->services.resize(kServices);
  for (unsigned n = 0; n < kServices; ++n) {
    config::Service& service = out->services[n];
    service.name = "service-" + std::to_string(n);
    service.listen = {Endpoint{IpAddress::v4_host(0x0a000000u + n), 80}};
    for (unsigned i = 0; i < kServers; ++i) {
      config::RealServer server;
      server.address = IpAddress::v4_host(0x0b000000u + n * kServers + i);
      service.real_servers.push_back(server);
    }
  }
  return out;
}

struct Running {
  /// Controller::reload() and Updater, without threads.
  void read(const File& next) {
    if (config) benchmark::DoNotOptimize(config::difference(*config, *next));
    DesiredState changed =
        apply_services(state, next->services, Clock::now(), config ? &config->services : nullptr)
            .value();
    fill_next_hops(changed, [](const RealServer& server) { return server.id; });
    auto built = build_snapshot({changed, {}, *snapshot, kWorkers});
    old_state = std::exchange(state, std::move(changed));
    old_snapshot = std::exchange(snapshot, std::move(built));
    old_config = std::exchange(config, next);
  }
  /// What happens after publishing.
  void forget() {
    old_state = {};
    old_snapshot.reset();
    old_config.reset();
  }
  File config, old_config;
  DesiredState state, old_state;
  std::shared_ptr<const Snapshot> snapshot = std::make_shared<Snapshot>();
  std::shared_ptr<const Snapshot> old_snapshot;
};

void FirstLoad(benchmark::State& state) {
  const File all = file();
  for (auto _ : state) {
    Running running;
    running.read(all);
    state.PauseTiming();
    running = {};
    state.ResumeTiming();
  }
}
BENCHMARK(FirstLoad)->Unit(benchmark::kMillisecond);

/// `change(services, n)` is what is done to the file before the n-th reload.
template <class Change>
void reload(benchmark::State& state, Change change) {
  Running running;
  running.read(file());
  unsigned n = 0;
  for (auto _ : state) {
    state.PauseTiming();
    running.forget();
    const File next = std::make_shared<config::Config>(*running.config);
    change(next->services, n++);
    state.ResumeTiming();
    running.read(next);
  }
}

void ReloadOneWeight(benchmark::State& state) {
  reload(state, [](std::vector<config::Service>& services, unsigned n) {
    services[n % kServices].real_servers[n % kServers].weight += 1;
  });
}
BENCHMARK(ReloadOneWeight)->Unit(benchmark::kMillisecond);

/// It leaves, or comes back.
void ReloadOneServer(benchmark::State& state) {
  reload(state, [](std::vector<config::Service>& services, unsigned) {
    auto& servers = services[7].real_servers;
    if (servers.size() == kServers)
      servers.pop_back();
    else
      servers.push_back(servers.front()), servers.back().address = IpAddress::v4_host(0x0c000000u);
  });
}
BENCHMARK(ReloadOneServer)->Unit(benchmark::kMillisecond);

/// It leaves, or comes back, as the first one of the file.
void ReloadOneService(benchmark::State& state) {
  reload(state, [](std::vector<config::Service>& services, unsigned) {
    if (services.size() == kServices) {
      services.erase(services.begin());
      return;
    }
    config::Service service = services.front();
    service.name = "service-0";
    service.listen = {Endpoint{IpAddress::v4_host(0x0a000000u), 80}};
    services.insert(services.begin(), std::move(service));
  });
}
BENCHMARK(ReloadOneService)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace lbd::bench

BENCHMARK_MAIN();
