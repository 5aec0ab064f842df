// SPDX-License-Identifier: Apache-2.0
#include "dataplane/owner.h"

#include <gtest/gtest.h>
#include <rte_ethdev.h>
#include <rte_thash.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "dataplane/port_table.h"
#include "dataplane/rss.h"

namespace lbd {
namespace {

/// DPDK's own bit-by-bit Toeplitz over the words of a tuple, in host order as it wants them.
uint32_t softrss(std::vector<uint32_t> words) {
  return rte_softrss(words.data(), static_cast<uint32_t>(words.size()), default_rss_key().data());
}

std::vector<uint32_t> words_of(const Endpoint& from, const Endpoint& to, bool with_ports) {
  std::vector<uint32_t> out;
  for (const IpAddress* address : {&from.address, &to.address})
    for (unsigned i = 0; i < address->size(); i += 4) {
      uint32_t word = 0;
      std::memcpy(&word, address->data() + i, 4);
      out.push_back(__builtin_bswap32(word));
    }
  if (with_ports) out.push_back(uint32_t{from.port} << 16 | to.port);
  return out;
}

Endpoint random_endpoint(std::mt19937_64& random, bool v4) {
  uint8_t bytes[16];
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return {v4 ? IpAddress::v4(bytes) : IpAddress::v6(bytes), static_cast<uint16_t>(random())};
}

TEST(Owner, HashIsWhatDpdkComputes) {
  const Owner owner(default_rss_key(), 3);
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const bool v4 = i % 2 == 0;
    const Endpoint from = random_endpoint(random, v4), to = random_endpoint(random, v4);
    const FlowKey tcp = FlowKey::make(from, to, i % 4 < 2 ? 6 : 17);
    ASSERT_EQ(owner.hash(tcp), softrss(words_of(from, to, true))) << from.to_string();
    ASSERT_EQ(owner.hash_addresses(tcp), softrss(words_of(from, to, false)));
    ASSERT_EQ(owner.of(tcp), owner.table()[owner.hash(tcp) % 512]);
    const FlowKey icmp = FlowKey::make(from, to, v4 ? 1 : 58);
    ASSERT_EQ(owner.hash(icmp), softrss(words_of(from, to, false))) << "ICMP has no ports";
  }
}

TEST(Owner, HashOfTheVerificationSuite) {
  // The published test vector of receive side scaling: 66.9.149.187:2794 to 161.142.100.80:1766.
  const FlowKey key = FlowKey::make(*Endpoint::parse("66.9.149.187:2794"),
                                    *Endpoint::parse("161.142.100.80:1766"), 6);
  EXPECT_EQ(Owner(default_rss_key(), 1).hash(key), 0x51ccc178u);
}

TEST(Owner, SpreadsEvenlyOverAnyNumberOfWorkers) {
  for (unsigned workers = 1; workers <= kMaxWorkers; ++workers) {
    const Owner owner(default_rss_key(), workers);
    std::vector<unsigned> entries(workers);
    for (WorkerIndex worker : owner.table()) ++entries.at(worker);
    const auto [least, most] = std::minmax_element(entries.begin(), entries.end());
    EXPECT_LE(*most - *least, Owner::kTableSize / Owner::kPeriod) << workers;
  }
}

TEST(Rss, TablesThatCanHoldTheOwnerFunction) {
  for (unsigned workers = 1; workers <= kMaxWorkers; ++workers) {
    const Owner owner(default_rss_key(), workers);
    for (unsigned size : {128u, 256u, 512u, 1024u, 2048u})
      EXPECT_TRUE(table_fits(owner, size)) << workers << ' ' << size;
    EXPECT_EQ(table_fits(owner, 64), 64 % workers == 0) << workers;
    for (unsigned size : {0u, 100u, 384u, 768u}) EXPECT_FALSE(table_fits(owner, size)) << size;
  }
}

TEST(Rss, EntriesLeadToTheOwnersQueue) {
  for (unsigned workers : {2u, 3u, 7u, 16u}) {
    const Owner owner(default_rss_key(), workers);
    for (PortIndex port : {0, 1, 5, 31})
      for (unsigned size : {128u, 512u, 2048u}) {
        const auto table = redirection_table(owner, port, size);
        for (uint32_t hash = 0; hash < 5000; hash += 7)
          ASSERT_EQ(queue_worker(port, table[hash % size], workers), owner.of(hash))
              << workers << " workers, port " << int{port} << ", table of " << size;
      }
  }
}

/// What a card with everything says of itself.
rte_eth_dev_info good_card() {
  rte_eth_dev_info out{};
  out.driver_name = "net_card";
  out.max_rx_queues = 16;
  out.hash_key_size = 52;
  out.reta_size = 512;
  out.flow_type_rss_offloads = RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP |
                               RTE_ETH_RSS_NONFRAG_IPV6_TCP | RTE_ETH_RSS_NONFRAG_IPV6_UDP;
  return out;
}

TEST(Rss, ObstaclesAreNamed) {
  const Owner owner(default_rss_key(), 4);
  EXPECT_EQ(rss_obstacle(good_card(), "pci", owner, 4), "");
  EXPECT_NE(rss_obstacle(good_card(), "vdev", owner, 4), "") << "virtual devices only pretend";
  EXPECT_NE(rss_obstacle(good_card(), "pci", owner, 3), "") << "a worker without a queue";
  rte_eth_dev_info card = good_card();
  card.hash_key_size = 0;
  EXPECT_NE(rss_obstacle(card, "pci", owner, 4), "");
  card = good_card();
  card.reta_size = 100;
  EXPECT_NE(rss_obstacle(card, "pci", owner, 4), "");
  card = good_card();
  card.flow_type_rss_offloads &= ~RTE_ETH_RSS_NONFRAG_IPV6_UDP;
  EXPECT_NE(rss_obstacle(card, "pci", owner, 4), "");
}

TEST(Rss, KeyIsCutOrContinued) {
  EXPECT_EQ(device_key(default_rss_key(), 40).size(), 40u);
  const auto longer = device_key(default_rss_key(), 60);
  EXPECT_TRUE(std::equal(default_rss_key().begin(), default_rss_key().end(), longer.begin()));
  EXPECT_EQ(longer[59], 0);
}

}  // namespace
}  // namespace lbd
