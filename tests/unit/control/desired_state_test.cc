// SPDX-License-Identifier: Apache-2.0
#include "control/desired_state.h"

#include <gtest/gtest.h>

#include <set>

#include "make_services.h"

namespace lbd {
namespace {

using std::chrono::seconds;
using test::find_server;
using test::make_service;

const Clock::time_point kNow{seconds(1000)};

DesiredState apply(const DesiredState& before, const std::vector<config::Service>& services,
                   Clock::time_point now = kNow) {
  auto state = apply_services(before, services, now);
  EXPECT_TRUE(state.ok());
  return std::move(state).value();
}

TEST(DesiredState, GivesEachServerAnIdOfItsOwn) {
  const auto state = apply({}, {make_service("a", {{"10.0.0.1", 1}, {"10.0.0.2", 2}}),
                                make_service("b", {{"10.0.0.1", 3}})});
  std::set<ServerId> ids;
  for (const auto& service : state.services)
    for (const RealServer& server : service->servers) ids.insert(server.id);
  EXPECT_EQ(ids, (std::set<ServerId>{0, 1, 2}));
  EXPECT_EQ(find_server(state, "a", "10.0.0.2")->weight, 2u);
  EXPECT_EQ(find_server(state, "b", "10.0.0.1")->weight, 3u);
}

TEST(DesiredState, IdentitiesKeepTheirIdsThroughReloads) {
  const auto before = apply({}, {make_service("a", {{"10.0.0.1", 1}, {"10.0.0.2", 1}}),
                                 make_service("b", {{"10.0.0.3", 1}})});
  const auto after = apply(before, {make_service("b", {{"10.0.0.4", 1}, {"10.0.0.3", 9}}),
                                    make_service("a", {{"10.0.0.2", 1}, {"10.0.0.1", 1}})});
  EXPECT_EQ(after.find("a")->id, before.find("a")->id);
  for (const char* address : {"10.0.0.1", "10.0.0.2"})
    EXPECT_EQ(find_server(after, "a", address)->id, find_server(before, "a", address)->id);
  EXPECT_EQ(find_server(after, "b", "10.0.0.3")->id, find_server(before, "b", "10.0.0.3")->id);
  EXPECT_EQ(after.find("a")->servers.front().key, test::key_of("10.0.0.2"));  // the file's order
  EXPECT_EQ(after.services[after.order[0]]->name, "b");
}

TEST(DesiredState, SharesServicesThatDoNotChange) {
  const auto before = apply({}, {make_service("a", {{"10.0.0.1", 1}}), make_service("b", {})});
  const auto after =
      apply(before, {make_service("a", {{"10.0.0.1", 1}}), make_service("b", {{"10.0.0.2", 1}})});
  EXPECT_EQ(after.find("a"), before.find("a"));
  EXPECT_NE(after.find("b"), before.find("b"));
}

TEST(DesiredState, TheOldStateStaysAsItIs) {
  const auto before = apply({}, {make_service("a", {{"10.0.0.1", 1}})});
  apply(before, {make_service("a", {{"10.0.0.2", 5}})});
  EXPECT_EQ(before.find("a")->servers.size(), 1u);
  EXPECT_EQ(find_server(before, "a", "10.0.0.1")->life, ServerLife::kPresent);
}

TEST(DesiredState, RemovedServerDrainsAndComesBackAsItself) {
  const auto first = apply({}, {make_service("a", {{"10.0.0.1", 1}, {"10.0.0.2", 1}})});
  const auto removed = apply(first, {make_service("a", {{"10.0.0.2", 1}})});
  const RealServer* server = find_server(removed, "a", "10.0.0.1");
  EXPECT_EQ(server->life, ServerLife::kRemoved);
  EXPECT_EQ(server->weight, 0u);
  EXPECT_EQ(server->drain_until, kNow + seconds(60));

  // A second reload does not give it more time.
  const auto again = apply(removed, {make_service("a", {{"10.0.0.2", 3}})}, kNow + seconds(30));
  EXPECT_EQ(find_server(again, "a", "10.0.0.1")->drain_until, kNow + seconds(60));

  const auto back = apply(again, {make_service("a", {{"10.0.0.2", 3}, {"10.0.0.1", 4}})});
  EXPECT_EQ(find_server(back, "a", "10.0.0.1")->id, find_server(first, "a", "10.0.0.1")->id);
  EXPECT_EQ(find_server(back, "a", "10.0.0.1")->life, ServerLife::kPresent);
  EXPECT_EQ(find_server(back, "a", "10.0.0.1")->weight, 4u);
  EXPECT_EQ(back.find("a")->servers.size(), 2u);
}

TEST(DesiredState, RemovedServiceLivesOnForItsServers) {
  const auto first = apply({}, {make_service("a", {{"10.0.0.1", 1}}), make_service("b", {})});
  const auto removed = apply(first, {});
  EXPECT_EQ(removed.find("a"), nullptr);
  ASSERT_EQ(removed.order.size(), 1u);  // b had no server and is gone at once
  EXPECT_TRUE(removed.services[removed.order[0]]->removed);
  EXPECT_EQ(find_server(removed, "a", "10.0.0.1")->life, ServerLife::kRemoved);

  const auto back = apply(removed, {make_service("a", {{"10.0.0.1", 1}})});
  EXPECT_EQ(back.find("a")->id, first.find("a")->id);
  EXPECT_EQ(find_server(back, "a", "10.0.0.1")->id, find_server(first, "a", "10.0.0.1")->id);
}

TEST(DesiredState, PurgeOnlyTakesRemovedServers) {
  const auto state = apply({}, {make_service("a", {{"10.0.0.1", 1}})});
  const ServerId id = find_server(state, "a", "10.0.0.1")->id;
  EXPECT_EQ(start_purge(state, {id, 77}).server(id)->life, ServerLife::kPresent);
  EXPECT_EQ(release(state, {id}).server(id)->life, ServerLife::kPresent);
  const auto removed = apply(state, {make_service("a", {})});
  EXPECT_EQ(release(removed, {id}).server(id)->life, ServerLife::kRemoved);
  EXPECT_EQ(start_purge(removed, {id}).server(id)->life, ServerLife::kPurging);
}

TEST(DesiredState, AServerNamedAgainWhilePurgedGetsANewId) {
  const auto first = apply({}, {make_service("a", {{"10.0.0.1", 1}})});
  const ServerId old = find_server(first, "a", "10.0.0.1")->id;
  const auto purging = start_purge(apply(first, {make_service("a", {})}), {old});
  const auto back = apply(purging, {make_service("a", {{"10.0.0.1", 1}})});
  ASSERT_EQ(back.find("a")->servers.size(), 2u);
  EXPECT_NE(back.find("a")->servers[0].id, old);
  EXPECT_EQ(back.find("a")->servers[0].life, ServerLife::kPresent);
  EXPECT_EQ(back.server(old)->life, ServerLife::kPurging);
  // And removed again, while the old one still is on its way out.
  const auto both = apply(back, {make_service("a", {})});
  EXPECT_EQ(both.find("a")->servers.size(), 2u);
  EXPECT_EQ(release(both, {old}).find("a")->servers.size(), 1u);
}

TEST(DesiredState, SlotsAreGivenAwayAgainOnlyAfterTheirRelease) {
  const auto first = apply({}, {make_service("a", {{"10.0.0.1", 1}})});
  const auto purging = start_purge(apply(first, {}), {0});
  const auto meanwhile = apply(purging, {make_service("b", {{"10.0.0.2", 1}})});
  EXPECT_EQ(find_server(meanwhile, "b", "10.0.0.2")->id, 1u);
  EXPECT_EQ(meanwhile.find("b")->id, 1u);

  const auto released = release(meanwhile, {0});
  EXPECT_EQ(released.server(0), nullptr);
  EXPECT_EQ(released.services[0], nullptr);
  EXPECT_EQ(released.by_name.find("a"), kNoId);
  const auto next =
      apply(released, {make_service("b", {{"10.0.0.2", 1}}), make_service("c", {{"10.0.0.3", 1}})});
  EXPECT_EQ(find_server(next, "c", "10.0.0.3")->id, 0u);
  EXPECT_EQ(next.find("c")->id, 0u);
}

TEST(DesiredState, FillsNextHopsOnlyWhereThereIsNone) {
  auto state = apply({}, {make_service("a", {{"10.0.0.1", 1}})});
  fill_next_hops(state, [](const RealServer&) { return NextHopId{7}; });
  auto next = apply(state, {make_service("a", {{"10.0.0.1", 1}, {"10.0.0.2", 1}})});
  std::vector<std::string> asked;
  fill_next_hops(next, [&](const RealServer& server) {
    asked.push_back(server.key.address.to_string());
    return NextHopId{8};
  });
  EXPECT_EQ(asked, std::vector<std::string>{"10.0.0.2"});
  EXPECT_EQ(find_server(next, "a", "10.0.0.1")->next_hop, 7u);
  EXPECT_EQ(find_server(next, "a", "10.0.0.2")->next_hop, 8u);
}

TEST(DesiredState, AnotherWayMakesAnotherServer) {
  auto service = make_service("a", {{"10.0.0.1", 1}});
  auto state = apply({}, {service});
  service.real_servers[0].forwarding = Forwarding::kTun;
  auto next = apply(state, {service});
  const auto& servers = next.find("a")->servers;
  ASSERT_EQ(servers.size(), 2u);
  EXPECT_EQ(servers[0].life, ServerLife::kPresent);
  EXPECT_EQ(servers[1].life, ServerLife::kRemoved);
  EXPECT_NE(servers[0].id, servers[1].id);
  EXPECT_EQ(servers[1].forwarding, Forwarding::kDr);
  // Back again before the old one's connections are gone: both are told apart.
  const ServerId old = servers[1].id;
  service.real_servers[0].forwarding = Forwarding::kDr;
  next = apply(next, {service});
  EXPECT_EQ(next.find("a")->servers[0].id, old);
  EXPECT_EQ(next.find("a")->servers[1].forwarding, Forwarding::kTun);
}

}  // namespace
}  // namespace lbd
