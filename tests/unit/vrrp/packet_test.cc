// SPDX-License-Identifier: Apache-2.0
#include "vrrp/packet.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

#include "vrrp/timers.h"

namespace lbd::vrrp {
namespace {

IpAddress ip(const char* text) {
  return *IpAddress::parse(text);
}

Protocol protocol(uint8_t version, bool v6 = false) {
  Protocol out;
  out.family = v6 ? Family::kIpv6 : Family::kIpv4;
  out.version = version;
  out.vrid = 51;
  out.interval_cs = version == 2 ? 100 : 10;
  out.group = ip(v6 ? "ff02::12" : "224.0.0.18");
  out.source = ip(v6 ? "fe80::1" : "192.0.2.11");
  out.addresses = v6 ? std::vector{ip("fe80::20"), ip("2001:db8::20")}
                     : std::vector{ip("192.0.2.20"), ip("192.0.2.19")};
  out.sorted_addresses = out.addresses;
  std::ranges::sort(out.sorted_addresses);
  return out;
}

/// The same router as the other director has it.
Protocol peer_of(Protocol of) {
  of.source = ip(of.family == Family::kIpv4 ? "192.0.2.12" : "fe80::2");
  return of;
}

std::variant<Advertisement, ErrorKind> hear(const Protocol& from, const Protocol& to,
                                            const std::vector<uint8_t>& bytes, uint8_t ttl = 255) {
  const IpAddress destination = to.peers.empty() ? to.group : to.source;
  return read({from.source, destination, ttl, bytes}, to);
}

TEST(Packet, known_bytes_of_version_2) {
  Protocol v2 = protocol(2);
  v2.addresses = {ip("192.0.2.20")};
  const std::vector<uint8_t> expected{0x21, 51,   100, 1, 0, 1, 0x1c, 0x52, 192, 0,
                                      2,    0x14, 0,   0, 0, 0, 0,    0,    0,   0};
  std::vector<uint8_t> built = build(v2, 100, v2.group);
  // The sum by hand: 2133 + 6401 + 0001 + c000 + 0214 = 14749, folded 474a, complemented b8b5.
  ASSERT_EQ(built.size(), expected.size());
  EXPECT_EQ(built[6], 0xb8);
  EXPECT_EQ(built[7], 0xb5);
  built[6] = expected[6];
  built[7] = expected[7];
  EXPECT_EQ(built, expected);
}

TEST(Packet, known_bytes_of_version_3) {
  Protocol v3 = protocol(3);
  v3.addresses = {ip("192.0.2.20")};
  v3.pseudo_header = false;
  // 3133 + 6401 + 000a + c000 + 0214 = 15752, folded 5753, complemented a8ac.
  EXPECT_EQ(build(v3, 100, v3.group),
            (std::vector<uint8_t>{0x31, 51, 100, 1, 0, 10, 0xa8, 0xac, 192, 0, 2, 0x14}));
  v3.pseudo_header = true;
  // and c000 + 020b + e000 + 0012 + 0070 + 000c = 1a299: f9ec in all, complemented 0612.
  const auto with = build(v3, 100, v3.group);
  EXPECT_EQ(with[6], 0x06);
  EXPECT_EQ(with[7], 0x12);
}

TEST(Packet, what_one_builds_the_other_reads) {
  for (const uint8_t version : {2, 3}) {
    for (const bool v6 : {false, true}) {
      if (v6 && version == 2) continue;
      for (const bool pseudo : {false, true}) {
        Protocol ours = protocol(version, v6);
        ours.pseudo_header = pseudo;
        const Protocol theirs = peer_of(ours);
        const auto heard = hear(theirs, ours, build(theirs, 77, theirs.group));
        ASSERT_TRUE(std::holds_alternative<Advertisement>(heard));
        const auto& advertisement = std::get<Advertisement>(heard);
        EXPECT_EQ(advertisement.priority, 77);
        EXPECT_EQ(advertisement.interval_cs, ours.interval_cs);
        EXPECT_FALSE(advertisement.addresses_differ);
      }
    }
  }
}

TEST(Packet, a_password_must_be_the_same) {
  Protocol ours = protocol(2);
  ours.password = Password{'s', 'e', 'c', 'r', 'e', 't'};
  Protocol theirs = peer_of(ours);
  EXPECT_TRUE(
      std::holds_alternative<Advertisement>(hear(theirs, ours, build(theirs, 1, theirs.group))));
  theirs.password = Password{'s', 'e', 'c', 'r', 'e', 'T'};
  EXPECT_EQ(std::get<ErrorKind>(hear(theirs, ours, build(theirs, 1, theirs.group))),
            ErrorKind::kAuthentication);
  theirs.password.reset();
  EXPECT_EQ(std::get<ErrorKind>(hear(theirs, ours, build(theirs, 1, theirs.group))),
            ErrorKind::kAuthentication);
  EXPECT_EQ(std::get<ErrorKind>(hear(ours, theirs, build(ours, 1, ours.group))),
            ErrorKind::kAuthentication);
}

struct Wrong {
  const char* name;
  std::function<void(Protocol& theirs, std::vector<uint8_t>& bytes, Received& received)> spoil;
  ErrorKind kind;
};

const std::vector<Wrong>& wrong_ones() {
  static const std::vector<Wrong> all{
      {"empty", [](auto&, auto& bytes, auto&) { bytes.clear(); }, ErrorKind::kLength},
      {"seven bytes", [](auto&, auto& bytes, auto&) { bytes.resize(7); }, ErrorKind::kLength},
      {"one byte less", [](auto&, auto& bytes, auto&) { bytes.pop_back(); }, ErrorKind::kLength},
      {"one byte more", [](auto&, auto& bytes, auto&) { bytes.push_back(0); }, ErrorKind::kLength},
      {"count too high", [](auto&, auto& bytes, auto&) { bytes[3] = 255; }, ErrorKind::kLength},
      {"count zero", [](auto&, auto& bytes, auto&) { bytes[3] = 0; }, ErrorKind::kLength},
      {"ttl", [](auto&, auto&, auto& received) { received.ttl = 254; }, ErrorKind::kTtl},
      {"ttl zero", [](auto&, auto&, auto& received) { received.ttl = 0; }, ErrorKind::kTtl},
      {"version 1", [](auto&, auto& bytes, auto&) { bytes[0] = 0x11; }, ErrorKind::kVersion},
      {"version 15", [](auto&, auto& bytes, auto&) { bytes[0] = 0xf1; }, ErrorKind::kVersion},
      {"interval zero",
       [](auto& theirs, auto& bytes, auto&) {
         theirs.interval_cs = 0;
         bytes = build(theirs, 100, theirs.group);
       },
       ErrorKind::kInterval},
      {"type", [](auto&, auto& bytes, auto&) { bytes[0] ^= 3; }, ErrorKind::kType},
      {"checksum", [](auto&, auto& bytes, auto&) { bytes[6] ^= 1; }, ErrorKind::kChecksum},
      {"priority changed", [](auto&, auto& bytes, auto&) { ++bytes[2]; }, ErrorKind::kChecksum},
      {"unicast",
       [](auto& theirs, auto& bytes, auto& received) {
         received.destination = ip(theirs.family == Family::kIpv4 ? "192.0.2.11" : "fe80::1");
         bytes = build(theirs, 100, received.destination);
       },
       ErrorKind::kCast},
      {"our own address",
       [](auto& theirs, auto& bytes, auto& received) {
         received.source = theirs.source =
             ip(theirs.family == Family::kIpv4 ? "192.0.2.11" : "fe80::1");
         bytes = build(theirs, 100, theirs.group);
       },
       ErrorKind::kOwnAddress},
      {"no host's address",
       [](auto& theirs, auto& bytes, auto& received) {
         received.source = theirs.source = ip(theirs.family == Family::kIpv4 ? "0.0.0.0" : "::");
         bytes = build(theirs, 100, theirs.group);
       },
       ErrorKind::kSource},
  };
  return all;
}

TEST(Packet, each_wrong_one_is_refused_by_its_name) {
  for (const auto& [version, v6] : {std::pair{2, false}, {3, false}, {3, true}}) {
    for (const Wrong& wrong : wrong_ones()) {
      const Protocol ours = protocol(static_cast<uint8_t>(version), v6);
      Protocol theirs = peer_of(ours);
      std::vector<uint8_t> bytes = build(theirs, 100, theirs.group);
      Received received{theirs.source, ours.group, 255, {}};
      wrong.spoil(theirs, bytes, received);
      received.payload = bytes;
      const auto heard = read(received, ours);
      ASSERT_TRUE(std::holds_alternative<ErrorKind>(heard)) << wrong.name;
      EXPECT_EQ(std::get<ErrorKind>(heard), wrong.kind) << wrong.name << " v" << version;
    }
  }
}

TEST(Packet, version_2_must_agree_on_the_interval_and_version_3_learns_it) {
  for (const uint8_t version : {2, 3}) {
    const Protocol ours = protocol(version);
    Protocol theirs = peer_of(ours);
    theirs.interval_cs = 300;
    const auto heard = hear(theirs, ours, build(theirs, 1, theirs.group));
    if (version == 2) {
      EXPECT_EQ(std::get<ErrorKind>(heard), ErrorKind::kInterval);
    } else {
      EXPECT_EQ(std::get<Advertisement>(heard).interval_cs, 300u);
    }
  }
}

TEST(Packet, versions_do_not_mix) {
  const Protocol v2 = protocol(2);
  const Protocol v3 = peer_of(protocol(3));
  EXPECT_EQ(std::get<ErrorKind>(hear(v3, v2, build(v3, 1, v3.group))), ErrorKind::kVersion);
  EXPECT_EQ(std::get<ErrorKind>(hear(v2, v3, build(v2, 1, v2.group))), ErrorKind::kVersion);
}

TEST(Packet, behind_an_authentication_header) {
  // RFC 4302 2: next header, length in words less two, reserved, SPI, number, 12 bytes of digest.
  std::vector<uint8_t> packet{112, 4, 0, 0, 0, 0, 0, 51, 0, 0, 0, 1};
  packet.resize(24);
  EXPECT_EQ(behind_authentication_header(packet)->size(), 0u);
  const Protocol ours = protocol(3);
  const auto inner = build(peer_of(ours), 100, ours.group);
  packet.insert(packet.end(), inner.begin(), inner.end());
  const auto behind = behind_authentication_header(packet);
  ASSERT_TRUE(behind);
  EXPECT_TRUE(std::ranges::equal(*behind, inner));
  EXPECT_EQ(claimed_vrid(*behind), 51);
  Received received{peer_of(ours).source, ours.group, 255, *behind, true};
  EXPECT_EQ(std::get<ErrorKind>(read(received, ours)), ErrorKind::kAuthenticationHeader);
  for (const size_t length : {0u, 1u, 23u})
    EXPECT_FALSE(behind_authentication_header(std::span(packet).first(length))) << length;
  packet[0] = 6;
  EXPECT_FALSE(behind_authentication_header(packet)) << "somebody's TCP";
}

TEST(Packet, unicast_comes_from_a_peer_and_may_be_routed) {
  Protocol ours = protocol(3);
  ours.peers = {ip("192.0.2.12")};
  Protocol theirs = peer_of(ours);
  theirs.peers = {ours.source};
  EXPECT_TRUE(
      std::holds_alternative<Advertisement>(hear(theirs, ours, build(theirs, 1, ours.source), 63)));
  theirs.source = ip("192.0.2.13");
  EXPECT_EQ(std::get<ErrorKind>(hear(theirs, ours, build(theirs, 1, ours.source))),
            ErrorKind::kSource);
  const auto group = build(theirs, 1, theirs.group);
  EXPECT_EQ(std::get<ErrorKind>(read({theirs.source, theirs.group, 255, group}, ours)),
            ErrorKind::kCast);
}

TEST(Packet, other_addresses_are_told_and_their_order_does_not_matter) {
  const Protocol ours = protocol(3);
  Protocol theirs = peer_of(ours);
  std::ranges::reverse(theirs.addresses);
  auto heard = hear(theirs, ours, build(theirs, 1, theirs.group));
  EXPECT_FALSE(std::get<Advertisement>(heard).addresses_differ);
  theirs.addresses[0] = ip("192.0.2.99");
  heard = hear(theirs, ours, build(theirs, 1, theirs.group));
  EXPECT_TRUE(std::get<Advertisement>(heard).addresses_differ);
  theirs.addresses.pop_back();
  heard = hear(theirs, ours, build(theirs, 1, theirs.group));
  EXPECT_TRUE(std::get<Advertisement>(heard).addresses_differ);
}

TEST(Packet, a_flipped_bit_is_never_believed) {
  // Not where the sum cannot see it: 0000 and ffff are one number to it.
  for (const uint8_t version : {2, 3}) {
    const Protocol ours = protocol(version);
    const Protocol theirs = peer_of(ours);
    const auto good = build(theirs, 100, theirs.group);
    for (size_t bit = 0; bit < good.size() * 8; ++bit) {
      auto bytes = good;
      bytes[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
      if (bit / 8 == 1) continue;  // another router's: found by the vrid
      EXPECT_TRUE(std::holds_alternative<ErrorKind>(hear(theirs, ours, bytes))) << bit;
    }
  }
}

TEST(Packet, noise_is_refused) {
  std::mt19937 random(1);
  const Protocol ours = protocol(3);
  for (int i = 0; i < 100'000; ++i) {
    std::vector<uint8_t> bytes(random() % 64);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    if (bytes.size() >= 8 && i % 2)
      bytes[0] = 0x31, bytes[3] = static_cast<uint8_t>((bytes.size() - 8) / 4);
    const auto heard = hear(peer_of(ours), ours, bytes);
    // One in 32768 has a right sum by chance, which is what a sum of 16 bits is worth.
    if (std::holds_alternative<Advertisement>(heard)) {
      EXPECT_EQ(bytes[0], 0x31);
    }
  }
}

TEST(Timers, formulae) {
  EXPECT_EQ(skew_time(2, 100, centiseconds(100)), Time(609'375'000));
  EXPECT_EQ(skew_time(2, 100, centiseconds(500)), Time(609'375'000));
  EXPECT_EQ(skew_time(3, 100, centiseconds(500)), Time(3'046'875'000));
  EXPECT_EQ(skew_time(3, 255, centiseconds(1)), Time(39'062));
  EXPECT_EQ(master_down_interval(3, 254, centiseconds(1), 3), Time(30'078'125));
}

}  // namespace
}  // namespace lbd::vrrp
