// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <tuple>

#include "dataplane/snapshot.h"

namespace lbd {
namespace {

IpAddress random_address(std::mt19937& random) {
  // Few values, so that entries differ in one field only.
  const uint8_t low = static_cast<uint8_t>(random() % 40);
  if (random() % 2 == 0) return IpAddress::v4_host(0xc0000200u + low);
  uint8_t bytes[16] = {0x20, 1, 0x0d, 0xb8};
  bytes[15] = low;
  return IpAddress::v6(bytes);
}

uint8_t random_protocol(std::mt19937& random) {
  return random() % 2 == 0 ? 6 : 17;
}

TEST(ListenTable, FindsWhatIsInItAndNothingElse) {
  std::mt19937 random(3);
  for (const size_t size : {0, 1, 2, 3, 7, 64, 1000}) {
    std::vector<Service> services(size);
    std::map<std::tuple<IpAddress, uint16_t, uint8_t>, const Service*> model;
    std::vector<ListenTable::Entry> entries;
    for (Service& service : services) {
      const ListenTable::Entry entry{random_address(random), static_cast<uint16_t>(random() % 20),
                                     random_protocol(random), &service};
      if (model.try_emplace({entry.address, entry.port, entry.protocol}, &service).second)
        entries.push_back(entry);
    }
    const ListenTable table(entries);
    for (int i = 0; i < 20'000; ++i) {
      const IpAddress address = random_address(random);
      const auto port = static_cast<uint16_t>(random() % 20);
      const uint8_t protocol = random_protocol(random);
      const auto found = model.find({address, port, protocol});
      ASSERT_EQ(table.find(address, port, protocol),
                found == model.end() ? nullptr : found->second);
    }
  }
}

struct RangeOf {
  Prefix prefix;
  uint16_t first, last;
  uint8_t protocol;
  const Service* service;
};

/// The rule, by looking at all: the longest prefix, then the narrowest range.
const Service* slow_find(const std::vector<RangeOf>& all, const IpAddress& address, uint16_t port,
                         uint8_t protocol) {
  const RangeOf* best = nullptr;
  for (const RangeOf& each : all) {
    if (each.protocol != protocol || port < each.first || port > each.last) continue;
    if (each.prefix.address.family() != address.family() || !each.prefix.contains(address))
      continue;
    if (best == nullptr || each.prefix.length > best->prefix.length ||
        (each.prefix.length == best->prefix.length &&
         each.last - each.first < best->last - best->first))
      best = &each;
  }
  return best == nullptr ? nullptr : best->service;
}

TEST(ListenTable, TheLongestPrefixAndTheNarrowestRangeWin) {
  std::mt19937 random(5);
  for (int round = 0; round < 60; ++round) {
    std::vector<Service> services(random() % 40);
    std::vector<RangeOf> model;
    std::vector<ListenTable::Entry> entries;
    for (Service& service : services) {
      const IpAddress address = random_address(random);
      const auto bits = static_cast<uint8_t>(address.bits());
      const auto length = static_cast<uint8_t>(bits - random() % 5);
      const Prefix prefix = Prefix{address, length}.network();
      // Nested ranges only, and each width once for a prefix: their centre is the same.
      const auto half = static_cast<uint16_t>(random() % 10);
      const bool all = random() % 8 == 0;
      const auto first = static_cast<uint16_t>(all ? 0 : 20 - half);
      const auto last = static_cast<uint16_t>(all ? 65'535 : 20 + half);
      const RangeOf made{prefix, first, last, random_protocol(random), &service};
      const bool twice = std::any_of(model.begin(), model.end(), [&](const RangeOf& each) {
        return each.prefix == made.prefix && each.first == made.first &&
               each.protocol == made.protocol;
      });
      if (twice) continue;
      model.push_back(made);
      entries.push_back({prefix.address, first, made.protocol, &service, last,
                         length == bits ? kHostLength : length});
    }
    const ListenTable table(entries);
    for (int i = 0; i < 5'000; ++i) {
      const IpAddress address = random_address(random);
      const auto port = static_cast<uint16_t>(random() % 50 ? random() % 40 : random());
      const uint8_t protocol = random_protocol(random);
      ASSERT_EQ(table.find(address, port, protocol), slow_find(model, address, port, protocol))
          << address.to_string() << " " << port;
    }
  }
}

TEST(AddressTable, APrefixHoldsItsAddressesButAHostsEntryIsItsOwn) {
  const auto address = [](const char* text) { return *IpAddress::parse(text); };
  const AddressTable table({{address("203.0.113.0"), AddressKind::kService, {22}, 28},
                            {address("203.0.113.0"), AddressKind::kService, {23}, 24},
                            {address("203.0.113.5"), AddressKind::kLocal, {}},
                            {address("203.0.113.0"), AddressKind::kLocal, {}}});
  EXPECT_EQ(table.find(address("203.0.113.0"))->kind, AddressKind::kLocal);
  EXPECT_EQ(table.find(address("203.0.113.5"))->kind, AddressKind::kLocal);
  EXPECT_EQ(table.find(address("203.0.113.6"))->local_ports.at(0), 22);
  EXPECT_EQ(table.find(address("203.0.113.16"))->local_ports.at(0), 23);
  EXPECT_EQ(table.find(address("203.0.114.1")), nullptr);
  EXPECT_EQ(table.find(address("2001:db8::1")), nullptr);
}

TEST(AddressTable, FindsWhatIsInItAndNothingElse) {
  std::mt19937 random(4);
  for (const size_t size : {0, 1, 2, 5, 30}) {
    std::map<IpAddress, uint16_t> model;
    std::vector<AddressTable::Entry> entries;
    for (size_t i = 0; i < size; ++i) {
      const IpAddress address = random_address(random);
      const auto tag = static_cast<uint16_t>(i);
      if (model.try_emplace(address, tag).second)
        entries.push_back({address, AddressKind::kService, {tag}});
    }
    const AddressTable table(entries);
    for (int i = 0; i < 10'000; ++i) {
      const IpAddress address = random_address(random);
      const auto* found = table.find(address);
      const auto wanted = model.find(address);
      ASSERT_EQ(found != nullptr, wanted != model.end());
      if (found == nullptr) continue;
      ASSERT_EQ(found->local_ports.at(0), wanted->second);
    }
  }
}

}  // namespace
}  // namespace lbd
