// SPDX-License-Identifier: Apache-2.0
#include "control/snapshot_builder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <random>

#include "make_services.h"

namespace lbd {
namespace {

using test::find_server;
using test::make_service;

const IpAddress kVip = *IpAddress::parse("192.0.2.20");

DesiredState state_of(const std::vector<config::Service>& services,
                      const DesiredState& before = {}) {
  auto state = apply_services(before, services, Clock::time_point{}).value();
  fill_next_hops(state,
                 [](const RealServer& server) { return server.key.address.v4_host() & 0xff; });
  return state;
}

std::shared_ptr<const Snapshot> build(const DesiredState& state, const Snapshot& before = {},
                                      const std::vector<OwnAddress>& own = {},
                                      unsigned workers = 2) {
  return build_snapshot({state, own, before, workers});
}

TEST(SnapshotBuilder, ListensCandidatesAndSchedules) {
  const auto snapshot = build(state_of({make_service("a", {{"10.0.0.1", 3}, {"10.0.0.2", 0}})}));
  EXPECT_EQ(snapshot->generation, 1u);
  const Service* service = snapshot->listens.find(kVip, 80, 6);
  ASSERT_NE(service, nullptr);
  EXPECT_EQ(service->name, "a");
  ASSERT_EQ(service->candidates.size(), 2u);
  EXPECT_EQ(service->candidates[1].weight, 0u);
  EXPECT_EQ(service->candidates[0].weight, 3u);
  EXPECT_EQ(service->candidates[0].next_hop, 1u);
  EXPECT_EQ(service->schedules.size(), 2u);
  EXPECT_EQ(snapshot->listens.find(kVip, 80, 17), nullptr);
  EXPECT_EQ(snapshot->listens.find(kVip, 81, 6), nullptr);
}

TEST(SnapshotBuilder, WaysToServers) {
  auto wanted = make_service("a", {{"10.0.0.1", 1}, {"10.0.0.2", 1}, {"127.0.0.1", 1}});
  wanted.real_servers[1].forwarding = Forwarding::kTun;
  wanted.real_servers[1].tunnel = {TunnelType::kGue, 5555};
  const auto state = state_of({wanted});
  const auto first = build(state);
  EXPECT_EQ(first->targets[0].forwarding, Forwarding::kDr);
  EXPECT_EQ(first->targets[1].forwarding, Forwarding::kTun);
  EXPECT_EQ(first->targets[2].forwarding, Forwarding::kLocal);
  EXPECT_EQ(first->services[0]->candidates[1].forwarding, Forwarding::kTun);
  EXPECT_EQ(first->tunnels[0], nullptr);
  ASSERT_NE(first->tunnels[1], nullptr);
  EXPECT_EQ(first->tunnels[1]->port(), 5555);
  EXPECT_EQ(first->tunnels[1]->overhead(), 32u);
  ASSERT_EQ(first->tunnel_ends.size(), 1u);
  // What is learnt of the path outlives a snapshot; an address of ours makes a server the director.
  const auto second = build(state, *first, {{0, *IpAddress::parse("10.0.0.2")}});
  EXPECT_EQ(second->tunnels[1], first->tunnels[1]);
  EXPECT_EQ(second->targets[1].forwarding, Forwarding::kLocal);
}

TEST(SnapshotBuilder, FatesOfAFailedAndOfARemovedServer) {
  using enum config::OnDown;
  using config::OnRemoval;
  using config::Protocol;
  struct Row {
    Protocol protocol;
    config::OnDown on_down;
    OnRemoval on_removal;
    bool inhibit;
    Fate failed, removed;
  };
  for (const Row& row : {
           Row{Protocol::kTcp, kKeep, OnRemoval::kDrain, false, Fate::kStale, Fate::kServed},
           Row{Protocol::kTcp, kReset, OnRemoval::kDrain, false, Fate::kReset, Fate::kServed},
           Row{Protocol::kTcp, kReset, OnRemoval::kDrain, true, Fate::kServed, Fate::kServed},
           Row{Protocol::kTcp, kReschedule, OnRemoval::kReset, false, Fate::kReschedule,
               Fate::kReset},
           Row{Protocol::kUdp, kReschedule, OnRemoval::kDrain, false, Fate::kReschedule,
               Fate::kReschedule},
           Row{Protocol::kUdp, kKeep, OnRemoval::kDrain, false, Fate::kStale, Fate::kServed},
           Row{Protocol::kUdp, kReschedule, OnRemoval::kReset, false, Fate::kReschedule,
               Fate::kReset},
       }) {
    auto service = make_service("a", {{"10.0.0.1", 1}, {"10.0.0.2", 1}});
    service.protocol = row.protocol;
    service.health.on_down = row.on_down;
    service.health.on_removal = row.on_removal;
    service.real_servers[0].health.inhibit_on_failure = row.inhibit;
    const auto present = state_of({service});
    EXPECT_FALSE(build(present)->partings);
    const auto failed = build(set_health(
        present, {{0, {"a", test::key_of("10.0.0.1")}, ServerHealth{false, std::nullopt, 100}}}));
    EXPECT_EQ(failed->fates[0], row.failed);
    EXPECT_EQ(failed->fates[1], Fate::kServed);
    EXPECT_EQ(failed->partings, row.failed != Fate::kServed);
    service.real_servers.erase(service.real_servers.begin());
    EXPECT_EQ(build(state_of({service}, present))->fates[0], row.removed);
  }
}

TEST(SnapshotBuilder, SharesWhatDoesNotChange) {
  const auto state = state_of({make_service("a", {{"10.0.0.1", 1}, {"10.0.0.2", 1}})});
  const auto first = build(state);
  auto other = make_service("b", {{"10.0.0.3", 1}});
  other.listen = {*Endpoint::parse("192.0.2.21:80")};
  const auto both = state_of({make_service("a", {{"10.0.0.1", 1}, {"10.0.0.2", 1}}), other}, state);
  const auto second = build(both, *first);
  EXPECT_EQ(second->generation, 2u);
  EXPECT_EQ(second->services[0], first->services[0]);
  EXPECT_EQ(second->listens.find(kVip, 80, 6), first->services[0].get());
}

TEST(SnapshotBuilder, AChangedWeightMakesANewObjectThatGoesOn) {
  const auto state = state_of({make_service("a", {{"10.0.0.1", 1}, {"10.0.0.2", 1}})});
  const auto first = build(state, {}, {}, 1);
  const ServerId picked = pick(*first->services[0], 0, {FlowKey{}, nullptr, 0})->server;
  const auto second = build(
      state_of({make_service("a", {{"10.0.0.1", 2}, {"10.0.0.2", 1}})}, state), *first, {}, 1);
  ASSERT_NE(second->services[0], first->services[0]);
  EXPECT_EQ(second->services[0]->id, first->services[0]->id);
  EXPECT_NE(pick(*second->services[0], 0, {FlowKey{}, nullptr, 0})->server, picked);
}

TEST(SnapshotBuilder, RemovedServiceStopsListeningButStaysKnown) {
  const auto state = state_of({make_service("a", {{"10.0.0.1", 1}})});
  const auto first = build(state);
  const auto second = build(state_of({}, state), *first);
  EXPECT_EQ(second->listens.find(kVip, 80, 6), nullptr);
  ASSERT_NE(second->services[0], nullptr);
  EXPECT_TRUE(second->services[0]->candidates.empty());
  // The kernel must not answer for connections that are still there.
  ASSERT_NE(second->addresses.find(kVip), nullptr);
  EXPECT_EQ(second->addresses.find(kVip)->kind, AddressKind::kService);
}

TEST(SnapshotBuilder, TellsWhoIsPurgedAndWhoIsCounted) {
  auto lc = make_service("a", {{"10.0.0.1", 1}});
  lc.scheduler = config::SchedulerKind::kLc;
  auto rr = make_service("b", {{"10.0.0.2", 1}});
  rr.listen = {*Endpoint::parse("192.0.2.21:80")};
  const auto state = state_of({lc, rr});
  const auto snapshot = build(state);
  EXPECT_EQ(snapshot->exact, (std::vector<bool>{true, false}));
  EXPECT_EQ(snapshot->purged, (std::vector<bool>{false, false}));
  const auto purging = start_purge(state_of({rr}, state), {0});
  const auto next = build(purging, *snapshot);
  EXPECT_EQ(next->purged, (std::vector<bool>{true, false}));
  EXPECT_EQ(next->exact, (std::vector<bool>{true, false}));
  const auto freed = build(release(purging, {0}), *next);
  EXPECT_EQ(freed->purged, (std::vector<bool>{false, false}));
  EXPECT_EQ(freed->services[0], nullptr);
}

TEST(SnapshotBuilder, AServicesAddressBeatsALocalOne) {
  auto service = make_service("a", {});
  service.local_ports = {22, 179};
  const IpAddress port = *IpAddress::parse("192.0.2.11");
  const IpAddress link_local = *IpAddress::parse("fe80::1");
  const auto snapshot = build(state_of({service}), {}, {{0, link_local}, {0, kVip}, {0, port}});
  EXPECT_EQ(snapshot->addresses.find(port)->kind, AddressKind::kLocal);
  EXPECT_EQ(snapshot->addresses.find(link_local)->kind, AddressKind::kLocal);
  ASSERT_EQ(snapshot->addresses.find(kVip)->kind, AddressKind::kService);
  EXPECT_EQ(snapshot->addresses.find(kVip)->local_ports, (std::vector<uint16_t>{22, 179}));
  EXPECT_EQ(snapshot->addresses.find(*IpAddress::parse("192.0.2.12")), nullptr);
  // ICMP errors come from the port's own address.
  EXPECT_EQ(snapshot->port_addresses[0].ipv4, port);
  EXPECT_EQ(snapshot->port_addresses[0].ipv6, std::nullopt);
}

/// What two snapshots say, each in its own objects.
void expect_same(const Snapshot& a, const Snapshot& b, const DesiredState& state) {
  ASSERT_EQ(a.services.size(), b.services.size());
  for (size_t id = 0; id < a.services.size(); ++id) {
    ASSERT_EQ(a.services[id] == nullptr, b.services[id] == nullptr) << id;
    if (a.services[id] == nullptr) continue;
    EXPECT_EQ(a.services[id]->name, b.services[id]->name);
    EXPECT_EQ(a.services[id]->candidates, b.services[id]->candidates) << id;
  }
  EXPECT_EQ(a.purged, b.purged);
  EXPECT_EQ(a.exact, b.exact);
  EXPECT_EQ(a.fates, b.fates);
  EXPECT_EQ(a.partings, b.partings);
  EXPECT_EQ(a.thresholds, b.thresholds);
  ASSERT_EQ(a.targets.size(), b.targets.size());
  for (size_t id = 0; id < a.targets.size(); ++id) {
    EXPECT_EQ(a.targets[id].address, b.targets[id].address) << id;
    EXPECT_EQ(a.targets[id].port, b.targets[id].port);
    EXPECT_EQ(a.targets[id].forwarding, b.targets[id].forwarding);
    EXPECT_EQ(a.tunnels[id] == nullptr, b.tunnels[id] == nullptr) << id;
  }
  for (unsigned n = 0; n < 40; ++n) {
    const IpAddress server = IpAddress::v4_host(0x0a000000u + n);
    EXPECT_EQ(a.reply_sources.has(server), b.reply_sources.has(server)) << n;
    const IpAddress vip = IpAddress::v4_host(0xc0000200u + n);
    const auto* one = a.addresses.find(vip);
    const auto* other = b.addresses.find(vip);
    ASSERT_EQ(one == nullptr, other == nullptr) << n;
    if (one != nullptr) {
      EXPECT_EQ(one->kind, other->kind);
      EXPECT_EQ(one->local_ports, other->local_ports);
    }
    const Service* listens = a.listens.find(vip, 80, 6);
    const Service* as_well = b.listens.find(vip, 80, 6);
    ASSERT_EQ(listens == nullptr, as_well == nullptr) << n;
    if (listens == nullptr) continue;
    EXPECT_EQ(listens->id, as_well->id);
    EXPECT_EQ(listens, a.services[listens->id].get()) << "the object that is in force";
  }
  EXPECT_EQ(state.services.size(), a.services.size());
}

config::Service random_service(unsigned n, std::mt19937& random) {
  config::Service service = make_service("s" + std::to_string(n), {});
  service.listen = {Endpoint{IpAddress::v4_host(0xc0000200u + n), 80}};
  service.forwarding =
      std::array{Forwarding::kDr, Forwarding::kNat, Forwarding::kTun}[random() % 3];
  if (random() % 2) service.scheduler = SchedulerKind::kWlc;
  if (random() % 4 == 0) service.local_ports = {22};
  for (unsigned i = 0; i < 4; ++i) {
    if (random() % 3 == 0) continue;
    config::RealServer server;
    server.address = IpAddress::v4_host(0x0a000000u + random() % 40);
    if (std::ranges::any_of(service.real_servers,
                            [&](const auto& known) { return known.address == server.address; }))
      continue;
    server.forwarding = service.forwarding;
    server.weight = random() % 3;
    server.max_connections = random() % 2 * 10;
    service.real_servers.push_back(server);
  }
  return service;
}

TEST(SnapshotBuilder, WhatIsTakenOverIsAsIfMadeAnew) {
  std::mt19937 random(11);
  DesiredState state;
  std::vector<config::Service> running;
  std::vector<OwnAddress> own;
  auto snapshot = build(state);
  for (int step = 0; step < 400; ++step) {
    std::vector<config::Service> wanted = running;
    const unsigned n = random() % 12;
    const auto at = std::ranges::find(wanted, "s" + std::to_string(n), &config::Service::name);
    if (at == wanted.end())
      wanted.insert(wanted.begin() + static_cast<long>(random() % (wanted.size() + 1)),
                    random_service(n, random));
    else if (random() % 3 == 0)
      wanted.erase(at);
    else
      *at = random_service(n, random);
    DesiredState next = apply_services(state, wanted, Clock::time_point{}, &running).value();
    const DesiredState plain = apply_services(state, wanted, Clock::time_point{}).value();
    ASSERT_EQ(next.order, plain.order) << step;
    for (const ServiceId id : next.order) ASSERT_EQ(*next.services[id], *plain.services[id]);
    // Servers on their way out are released now and then, and their slots reused.
    std::vector<ServerId> leaving;
    for (ServerId id = 0; id < next.owner.size(); ++id)
      if (const RealServer* server = next.server(id);
          server && server->life != ServerLife::kPresent)
        leaving.push_back(id);
    if (step % 3 == 0) next = start_purge(next, leaving);
    if (step % 5 == 0) next = release(next, leaving);
    if (random() % 10 == 0) own = {{0, IpAddress::v4_host(0x0a000000u + random() % 40), false}};
    fill_next_hops(next, [](const RealServer& server) { return server.id; });
    const auto taken_over = build(next, *snapshot, own);
    Snapshot before = *snapshot;
    before.origin = nullptr;
    const auto anew = build(next, before, own);
    expect_same(*taken_over, *anew, next);
    if (HasFailure()) FAIL() << "step " << step;
    state = std::move(next);
    running = std::move(wanted);
    snapshot = taken_over;
  }
}

TEST(SnapshotBuilder, TenThousandServicesAreBuiltInTime) {
  std::vector<config::Service> services;
  for (unsigned n = 0; n < 10'000; ++n) {
    config::Service service;
    service.name = std::to_string(n);
    service.listen = {Endpoint{IpAddress::v4_host(0x0a000000u + n), 80}};
    for (unsigned i = 0; i < 10; ++i) {
      config::RealServer server;
      server.address = IpAddress::v4_host(0x0b000000u + n * 10 + i);
      service.real_servers.push_back(server);
    }
    services.push_back(std::move(service));
  }
  const auto begun = Clock::now();
  const auto state = state_of(services);
  const auto first = build(state);
  EXPECT_EQ(first->listens.find(IpAddress::v4_host(0x0a000000u + 9999), 80, 6)->candidates.size(),
            10u);
  // Generous: debug builds and sanitizers run it too. Optimised it is some 100 ms.
  EXPECT_LT(Clock::now() - begun, std::chrono::seconds(10));
}

}  // namespace
}  // namespace lbd
