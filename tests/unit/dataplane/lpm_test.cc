// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lpm.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <random>
#include <thread>

namespace lbd {
namespace {

uint32_t linear_scan(const std::map<Prefix, uint32_t>& routes, const IpAddress& address) {
  uint32_t value = kNoRoute;
  int longest = -1;
  for (const auto& [prefix, candidate] : routes) {
    if (!prefix.contains(address) || prefix.length <= longest) continue;
    longest = prefix.length;
    value = candidate;
  }
  return value;
}

/// Addresses that lie close together, so that prefixes nest: each byte is one of few.
IpAddress random_address(std::mt19937& random, Family family) {
  static constexpr uint8_t kBytes[] = {0, 1, 2, 127, 128, 254, 255};
  uint8_t bytes[16];
  for (unsigned i = 0; i < 16; ++i)
    bytes[i] = i < 2 || random() % 4 == 0 ? kBytes[random() % 7] : kBytes[random() % 2];
  return family == Family::kIpv4 ? IpAddress::v4(bytes) : IpAddress::v6(bytes);
}

Prefix random_prefix(std::mt19937& random, Family family) {
  const IpAddress address = random_address(random, family);
  return {address, static_cast<uint8_t>(random() % (address.bits() + 1))};
}

class LpmTest : public testing::TestWithParam<Family> {};

TEST_P(LpmTest, FindsWhatALinearScanFinds) {
  std::mt19937 random(9);
  Lpm lpm(GetParam());
  std::map<Prefix, uint32_t> model;
  size_t retired = 0;
  for (uint32_t step = 0; step < 20'000; ++step) {
    const Prefix prefix = random_prefix(random, GetParam());
    // Grows to a few hundred routes, shrinks to none, and again.
    const bool growing = step / 2'000 % 2 == 0;
    if (growing || model.empty()) {
      lpm.insert(prefix, step);
      model[prefix.network()] = step;
    } else {
      auto victim = model.lower_bound(prefix.network());
      if (victim == model.end()) victim = model.begin();
      ASSERT_TRUE(lpm.erase(victim->first));
      model.erase(victim);
    }
    ASSERT_EQ(lpm.size(), model.size());
    if (step % 97 == 0) retired += lpm.take_retired().size();
    for (int i = 0; i < 3; ++i) {
      const IpAddress address = random_address(random, GetParam());
      ASSERT_EQ(lpm.lookup(address), linear_scan(model, address)) << address.to_string();
    }
    ASSERT_EQ(lpm.lookup(prefix.address), linear_scan(model, prefix.address));
  }
  EXPECT_GT(retired, 0u);
}

INSTANTIATE_TEST_SUITE_P(Families, LpmTest, testing::Values(Family::kIpv4, Family::kIpv6));

TEST(Lpm, GivesBackEveryNodeOfWhatIsErased) {
  Lpm lpm(Family::kIpv6);
  for (const char* text : {"2001:db8::/32", "2001:db8::1/128", "2001:db8:1::/48", "::/0"})
    lpm.insert(*Prefix::parse(text), 1);
  EXPECT_TRUE(lpm.take_retired().empty());
  EXPECT_TRUE(lpm.erase(*Prefix::parse("2001:db8::1/128")));
  EXPECT_EQ(lpm.take_retired().size(), 10u) << "of 16; the 6 of the /48 stay";
  EXPECT_TRUE(lpm.erase(*Prefix::parse("2001:db8:1::/48")));
  EXPECT_TRUE(lpm.erase(*Prefix::parse("2001:db8::/32")));
  EXPECT_EQ(lpm.take_retired().size(), 5u) << "only the root is left";
  EXPECT_EQ(lpm.lookup(*IpAddress::parse("2001:db8::1")), 1u);
  EXPECT_TRUE(lpm.erase(*Prefix::parse("::/0")));
  EXPECT_EQ(lpm.lookup(*IpAddress::parse("2001:db8::1")), kNoRoute);
}

TEST(Lpm, KnowsNothingOfTheOtherFamily) {
  Lpm lpm(Family::kIpv4);
  lpm.insert(*Prefix::parse("0.0.0.0/0"), 1);
  lpm.insert(*Prefix::parse("::/0"), 2);
  EXPECT_EQ(lpm.size(), 1u);
  EXPECT_EQ(lpm.lookup(*IpAddress::parse("::1")), kNoRoute);
  EXPECT_FALSE(lpm.erase(*Prefix::parse("::/0")));
  EXPECT_FALSE(lpm.erase(*Prefix::parse("10.0.0.0/8")));
}

/// Routes of even value stay; odd ones come and go below and above them. A reader must see for an
/// address a route that covers it, and for 10.1.2.3 (a host route that stays) always the same.
TEST(Lpm, ReadersSeeTheOldOrTheNew) {
  Lpm lpm(Family::kIpv4);
  lpm.insert(*Prefix::parse("10.0.0.0/8"), 2);
  lpm.insert(*Prefix::parse("10.1.2.3/32"), 4);
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> passes{0};
  std::atomic<uint64_t> wrong{0};
  std::thread reader([&] {
    const IpAddress host = *IpAddress::parse("10.1.2.3");
    const IpAddress flapping = *IpAddress::parse("10.1.77.1");
    while (!stop.load(std::memory_order_relaxed)) {
      for (int i = 0; i < 64; ++i) {
        const uint32_t near = lpm.lookup(flapping);
        wrong += lpm.lookup(host) != 4;
        wrong += near != 2 && near != 11 && near != 13 && near != 15;
      }
      passes.fetch_add(1, std::memory_order_release);  // a quiescent state
    }
  });
  std::deque<std::pair<uint64_t, std::vector<Lpm::NodePtr>>> waiting;
  const std::pair<const char*, uint32_t> kFlapping[] = {
      {"10.1.0.0/16", 11}, {"10.1.64.0/18", 13}, {"10.1.77.0/28", 15}, {"10.0.0.0/7", 17}};
  std::mt19937 random(4);
  for (int i = 0; i < 50'000 || passes.load() < 100; ++i) {
    const auto& [text, value] = kFlapping[random() % 4];
    if (random() % 2)
      lpm.insert(*Prefix::parse(text), value);
    else
      lpm.erase(*Prefix::parse(text));
    waiting.emplace_back(passes.load(std::memory_order_acquire), lpm.take_retired());
    // Two passes later the reader has left what it was in.
    while (!waiting.empty() && passes.load(std::memory_order_acquire) > waiting.front().first + 1)
      waiting.pop_front();
  }
  stop = true;
  reader.join();
  EXPECT_EQ(wrong.load(), 0u);
}

}  // namespace
}  // namespace lbd
