// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

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
