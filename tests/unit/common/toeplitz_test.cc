// SPDX-License-Identifier: Apache-2.0
#include "common/toeplitz.h"

#include <gtest/gtest.h>
#include <rte_thash.h>

#include <cstring>
#include <random>

#include "common/address.h"

namespace lbd {
namespace {

std::vector<uint8_t> input(const char* source, const char* destination, bool with_ports) {
  const Endpoint from = *Endpoint::parse(source);
  const Endpoint to = *Endpoint::parse(destination);
  std::vector<uint8_t> out(from.address.data(), from.address.data() + from.address.size());
  out.insert(out.end(), to.address.data(), to.address.data() + to.address.size());
  if (!with_ports) return out;
  for (const uint16_t port : {from.port, to.port}) {
    out.push_back(static_cast<uint8_t>(port >> 8));
    out.push_back(static_cast<uint8_t>(port));
  }
  return out;
}

// "Verifying the RSS Hash Calculation" in Microsoft's NDIS documentation.
TEST(Toeplitz, GivesThePublishedValues) {
  struct Vector {
    const char* source;
    const char* destination;
    uint32_t addresses;
    uint32_t with_ports;
  };
  const Vector vectors[] = {
      {"66.9.149.187:2794", "161.142.100.80:1766", 0x323e8fc2, 0x51ccc178},
      {"199.92.111.2:14230", "65.69.140.83:4739", 0xd718262a, 0xc626b0ea},
      {"24.19.198.95:12898", "12.22.207.184:38024", 0xd2d0a5de, 0x5c2b394a},
      {"38.27.205.30:48228", "209.142.163.6:2217", 0x82989176, 0xafc7327f},
      {"153.39.163.191:44251", "202.188.127.2:1303", 0x5d1809c5, 0x10e828a2},
      {"[3ffe:2501:200:1fff::7]:2794", "[3ffe:2501:200:3::1]:1766", 0x2cc18cd5, 0x40207d3d},
      {"[3ffe:501:8::260:97ff:fe40:efab]:14230", "[ff02::1]:4739", 0x0f0c461c, 0xdde51bbf},
      {"[3ffe:1900:4545:3:200:f8ff:fe21:67cf]:44251", "[fe80::200:f8ff:fe21:67cf]:38024",
       0x4b61e985, 0x02d1feef},
  };
  const Toeplitz toeplitz(default_rss_key());
  for (const Vector& vector : vectors) {
    const auto addresses = input(vector.source, vector.destination, false);
    const auto all = input(vector.source, vector.destination, true);
    EXPECT_EQ(toeplitz.hash(addresses.data(), addresses.size()), vector.addresses) << vector.source;
    EXPECT_EQ(toeplitz.hash(all.data(), all.size()), vector.with_ports) << vector.source;
  }
}

TEST(Toeplitz, IsThatOfDpdkForAnyKey) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    std::array<uint8_t, kRssKeyBytes> key;
    for (uint8_t& byte : key) byte = static_cast<uint8_t>(random());
    const Toeplitz toeplitz(key);
    for (const unsigned words : {2u, 3u, 8u, 9u}) {
      uint32_t host[9];  // DPDK wants words in host order
      uint8_t wire[36];
      for (unsigned i = 0; i < words; ++i) {
        host[i] = random();
        const uint32_t swapped = __builtin_bswap32(host[i]);
        std::memcpy(wire + 4 * i, &swapped, 4);
      }
      ASSERT_EQ(toeplitz.hash(wire, 4 * words), rte_softrss(host, words, key.data()));
    }
  }
}

}  // namespace
}  // namespace lbd
