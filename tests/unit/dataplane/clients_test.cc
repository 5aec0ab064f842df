// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <thread>

#include "dataplane/connection_rate.h"
#include "dataplane/persistence.h"

namespace lbd {
namespace {

uint64_t spread(uint64_t n) {
  return (n + 1) * 0x9e3779b97f4a7c15ull;
}

TEST(TemplateTable, AgreesWithAMap) {
  TemplateTable table(1u << 12);
  struct Held {
    ServerId server;
    Tick end;
  };
  std::map<uint64_t, Held> model;
  std::mt19937 random(9);
  Tick now = 5'000'000;  // the low bits have wrapped
  for (int i = 0; i < 200'000; ++i) {
    if (random() % 8 == 0) now += random() % 20;
    const uint64_t client = spread(random() % 300);
    const auto held = model.find(client);
    const bool alive = held != model.end() && !tick_reached(now, held->second.end);
    const ServerId found = table.find(client, now);
    if (found == kNoId) {
      ASSERT_FALSE(alive);
      const auto server = static_cast<ServerId>(random() % (1u << 20));
      const Tick end = now + 3 + random() % 100;
      ASSERT_EQ(table.settle(client, server, now, end), server);
      model[client] = {server, end};
      continue;
    }
    ASSERT_NE(held, model.end());
    ASSERT_EQ(found, held->second.server);
    if (random() % 4 == 0) {
      const Tick end = now + random() % 100;
      table.extend(client, end);
      if (!tick_reached(held->second.end, end)) held->second.end = end;
    } else if (random() % 8 == 0) {
      const auto server = static_cast<ServerId>(random() % (1u << 20));
      ASSERT_EQ(table.replace(client, found, server, now, now + 50), server);
      held->second = {server, now + 50};
    }
  }
}

TEST(TemplateTable, AFullBucketForgetsNewClients) {
  TemplateTable table(8);
  for (uint64_t client = 0; client < 8; ++client)
    EXPECT_EQ(table.settle(spread(client), static_cast<ServerId>(client), 100, 200), client);
  EXPECT_EQ(table.settle(spread(8), 8, 110, 210), 8u);
  EXPECT_EQ(table.find(spread(8), 110), kNoId);
  for (uint64_t client = 0; client < 8; ++client)
    EXPECT_EQ(table.find(spread(client), 199), client);
  EXPECT_EQ(table.settle(spread(8), 8, 200, 300), 8u);
  EXPECT_EQ(table.find(spread(8), 210), 8u);
}

TEST(TemplateTable, WorkersAgreeOnAClient) {
  constexpr unsigned kWorkers = 4;
  constexpr uint64_t kClients = 20'000;
  TemplateTable table(1u << 18);
  std::vector<std::vector<ServerId>> got(kWorkers, std::vector<ServerId>(kClients));
  std::vector<std::thread> workers;
  for (unsigned worker = 0; worker < kWorkers; ++worker)
    workers.emplace_back([&table, &mine = got[worker], worker] {
      for (uint64_t client = 0; client < kClients; ++client)
        mine[client] = table.settle(spread(client), worker, 100, 10'000);
    });
  for (std::thread& worker : workers) worker.join();
  for (uint64_t client = 0; client < kClients; ++client)
    for (unsigned worker = 1; worker < kWorkers; ++worker)
      ASSERT_EQ(got[worker][client], got[0][client]) << client;
}

TEST(ClientHash, CutsTheAddressToThePrefix) {
  const auto hash = [](const char* address, uint8_t prefix4, uint8_t prefix6, ServiceId service) {
    const Endpoint client{*IpAddress::parse(address), 1234};
    const Endpoint vip{*IpAddress::parse(client.address.is_v4() ? "192.0.2.1" : "2001:db8::1"), 80};
    return client_hash(FlowKey::make(client, vip, 6), prefix4, prefix6, service, 42);
  };
  EXPECT_EQ(hash("10.1.2.3", 24, 128, 1), hash("10.1.2.200", 24, 128, 1));
  EXPECT_NE(hash("10.1.2.3", 24, 128, 1), hash("10.1.3.3", 24, 128, 1));
  EXPECT_NE(hash("10.1.2.3", 32, 128, 1), hash("10.1.2.2", 32, 128, 1));
  EXPECT_NE(hash("10.1.2.3", 24, 128, 1), hash("10.1.2.3", 24, 128, 2));
  EXPECT_EQ(hash("2001:db8:1:2::3", 32, 64, 1), hash("2001:db8:1:2:ffff::1", 32, 64, 1));
  EXPECT_NE(hash("2001:db8:1:2::3", 32, 64, 1), hash("2001:db8:1:3::3", 32, 64, 1));
  EXPECT_EQ(hash("2001:db8:1:2:10::3", 32, 76, 1), hash("2001:db8:1:2:1f::", 32, 76, 1));
  EXPECT_NE(hash("2001:db8:1:2:10::3", 32, 76, 1), hash("2001:db8:1:2:20::3", 32, 76, 1));
  EXPECT_NE(hash("2001:db8::3", 32, 128, 1), hash("2001:db8::2", 32, 128, 1));
}

TEST(SharedBucket, IsExactOverAllWorkers) {
  constexpr uint64_t kHz = 1'000'000;
  SharedBucket bucket;
  std::atomic<int> let_in{0};
  std::vector<std::thread> workers;
  for (unsigned worker = 0; worker < 4; ++worker)
    workers.emplace_back([&] {
      for (int i = 0; i < 5'000; ++i) let_in += bucket.take(7'000'000, 1'000, kHz);
    });
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(let_in, 1'000);
  EXPECT_FALSE(bucket.take(7'000'999, 1'000, kHz));
  EXPECT_TRUE(bucket.take(7'001'000, 1'000, kHz));
  EXPECT_FALSE(bucket.take(7'001'000, 1'000, kHz));
}

TEST(ClientBuckets, EachClientHasItsOwnAndIdleOnesMakeRoom) {
  constexpr uint64_t kHz = 1'000;
  ClientBuckets buckets(8);
  for (uint64_t client = 0; client < 8; ++client) {
    EXPECT_TRUE(buckets.take(spread(client), 5'000, 2, kHz));
    EXPECT_TRUE(buckets.take(spread(client), 5'000, 2, kHz));
    EXPECT_FALSE(buckets.take(spread(client), 5'000, 2, kHz));
  }
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(buckets.take(spread(8), 5'000, 2, kHz)) << "no room: not limited";
  EXPECT_TRUE(buckets.take(spread(8), 6'000, 2, kHz));
  EXPECT_TRUE(buckets.take(spread(8), 6'000, 2, kHz));
  EXPECT_FALSE(buckets.take(spread(8), 6'000, 2, kHz));
}

}  // namespace
}  // namespace lbd
