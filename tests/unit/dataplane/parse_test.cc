// SPDX-License-Identifier: Apache-2.0
#include "dataplane/parse.h"
#include "dataplane/transport_checksum.h"

#include <gtest/gtest.h>
#include <rte_mbuf.h>

#include <memory>
#include <random>
#include <vector>

namespace lbd {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr MacAddress kMac{{2, 0, 0, 0, 0, 1}};

// IPv4 TCP SYN 198.51.100.9:4000 -> 192.0.2.20:80 with four bytes of options (checksums by hand).
const Bytes kTcp4 = {2,   0,    0,  0,    0,    1,    2,    0,  0, 0,    0,    2,    8,  0,   0x45,
                     0,   0,    44, 0,    1,    0x40, 0,    64, 6, 0x4e, 0x7a, 198,  51, 100, 9,
                     192, 0,    2,  20,   0x0f, 0xa0, 0,    80, 0, 0,    3,    0xe8, 0,  0,   0,
                     0,   0x60, 2,  0xff, 0xff, 0x9d, 0xb3, 0,  0, 1,    1,    1,    1};

Bytes udp6_behind_options() {
  Bytes out = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 26, 0, 64};
  const auto address = [&out](uint8_t last) {
    const uint8_t start[] = {0x20, 1, 0x0d, 0xb8};
    out.insert(out.end(), start, start + 4);
    out.insert(out.end(), 11, 0);
    out.push_back(last);
  };
  address(9);
  address(0x20);
  for (const uint8_t next : {60, 17})
    for (const uint8_t byte : {int{next}, 0, 1, 4, 0, 0, 0, 0})
      out.push_back(static_cast<uint8_t>(byte));
  const uint8_t datagram[] = {0x0f, 0xa0, 0, 53, 0, 10, 0, 0, 'a', 'b'};
  out.insert(out.end(), std::begin(datagram), std::end(datagram));
  return out;
}

/// A frame in memory of exactly its size, so that the address sanitizer sees what reads beyond.
class Frame {
 public:
  explicit Frame(const Bytes& bytes) : Frame(bytes, bytes.size()) {}
  Frame(const Bytes& bytes, size_t length) : data_(new uint8_t[length]) {
    std::copy_n(bytes.begin(), length, data_.get());
    mbuf_.buf_addr = data_.get();
    mbuf_.buf_len = static_cast<uint16_t>(length);
    mbuf_.data_len = static_cast<uint16_t>(length);
    mbuf_.pkt_len = static_cast<uint32_t>(length);
    mbuf_.nb_segs = 1;
    packet_.mbuf = &mbuf_;
  }

  Packet& parsed() {
    parse(packet_, key_, kMac, virtual_macs_);
    return packet_;
  }
  VirtualMacs& virtual_macs() { return virtual_macs_; }
  rte_mbuf& mbuf() { return mbuf_; }
  const FlowKey& key() const { return key_; }
  /// Puts `next` behind this frame's bytes.
  void chain(Frame& next) {
    mbuf_.next = &next.mbuf_;
    mbuf_.pkt_len += next.mbuf_.data_len;
    mbuf_.nb_segs = 2;
  }

 private:
  std::unique_ptr<uint8_t[]> data_;
  rte_mbuf mbuf_{};
  Packet packet_;
  FlowKey key_{};
  VirtualMacs virtual_macs_;
};

TEST(Parse, FlowOfIpv4) {
  Frame frame(kTcp4);
  const Packet& packet = frame.parsed();
  ASSERT_EQ(packet.kind, Kind::kFlow);
  EXPECT_EQ(packet.l4, 34);
  EXPECT_EQ(packet.ip_length, 44u);
  EXPECT_EQ(packet.tcp_flags, 2);
  EXPECT_EQ(frame.key().source().to_string(), "198.51.100.9:4000");
  EXPECT_EQ(frame.key().destination().to_string(), "192.0.2.20:80");
}

TEST(Parse, AVirtualMacAddressIsOursWhileItIsHeld) {
  for (const Family family : {Family::kIpv4, Family::kIpv6}) {
    const MacAddress mac = virtual_router_mac(family, 51);
    Bytes bytes(kTcp4.begin(), kTcp4.end());
    std::copy(mac.bytes.begin(), mac.bytes.end(), bytes.begin());
    Frame frame(bytes);
    EXPECT_EQ(frame.parsed().verdict, Verdict::kNotOurMac);
    frame.virtual_macs()[mac] = 1;
    EXPECT_EQ(frame.parsed().kind, Kind::kFlow);
    for (const size_t changed : {0u, 3u, 4u, 5u}) {
      Bytes other = bytes;
      other[changed] ^= 4;  // still unicast
      Frame another(other);
      another.virtual_macs()[mac] = 1;
      EXPECT_EQ(another.parsed().kind, Kind::kDrop) << changed;
    }
    frame.virtual_macs()[mac] = 0;
    EXPECT_EQ(frame.parsed().kind, Kind::kDrop);
  }
}

TEST(Parse, FlowOfIpv6BehindOptions) {
  Frame frame(udp6_behind_options());
  const Packet& packet = frame.parsed();
  ASSERT_EQ(packet.kind, Kind::kFlow);
  EXPECT_EQ(packet.l4, 14 + 40 + 16);
  EXPECT_EQ(frame.key().source().to_string(), "[2001:db8::9]:4000");
  EXPECT_EQ(frame.key().destination().to_string(), "[2001:db8::20]:53");
}

TEST(Parse, NoFrameThatIsCutIsAFlow) {
  for (const Bytes& whole : {kTcp4, udp6_behind_options()}) {
    for (size_t length = 0; length < whole.size(); ++length) {
      Frame frame(whole, length);
      const Packet& packet = frame.parsed();
      ASSERT_EQ(packet.kind, Kind::kDrop) << length;
      const Verdict wanted =
          length < (whole[12] == 8 ? 34u : 54u) ? Verdict::kTruncated : Verdict::kBadIpLength;
      ASSERT_EQ(packet.verdict, wanted) << length;
    }
  }
}

TEST(Parse, HeadersMustLieInTheFirstSegment) {
  const Bytes whole = udp6_behind_options();
  for (size_t cut = 14; cut < whole.size(); ++cut) {
    Frame first(whole, cut);
    Frame second(Bytes(whole.begin() + static_cast<long>(cut), whole.end()));
    first.chain(second);
    const bool enough = cut >= 14 + 40 + 16 + 8;
    ASSERT_EQ(first.parsed().kind == Kind::kFlow, enough) << cut;
  }
}

TEST(Parse, RandomBytesAreReadWithinTheFrame) {
  std::mt19937 random(7);
  const Bytes seeds[] = {kTcp4, udp6_behind_options()};
  for (int round = 0; round < 200'000; ++round) {
    Bytes bytes = seeds[round % 2];
    for (unsigned i = random() % 6; i > 0; --i)
      bytes[12 + random() % (bytes.size() - 12)] = static_cast<uint8_t>(random());
    bytes.resize(random() % 4 == 0 ? random() % (bytes.size() + 1) : bytes.size());
    Frame frame(bytes);
    frame.mbuf().ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD;  // or few would come further
    const Packet& packet = frame.parsed();
    if (packet.kind != Kind::kFlow) continue;
    const size_t header = packet.protocol == 6 ? 20 : 8;
    ASSERT_LE(packet.l4 + header, bytes.size());
    ASSERT_LE(14 + packet.ip_length, bytes.size());
    l4_checksum_valid(packet);
  }
}

TEST(Parse, TransportChecksumThroughAllSegments) {
  Bytes whole = kTcp4;
  Frame plain(whole);
  ASSERT_TRUE(l4_checksum_valid(plain.parsed()));
  for (size_t cut = 54; cut < whole.size(); ++cut) {
    Frame first(whole, cut);
    Frame second(Bytes(whole.begin() + static_cast<long>(cut), whole.end()));
    first.chain(second);
    EXPECT_TRUE(l4_checksum_valid(first.parsed())) << cut;
  }
  for (size_t wrong = 34; wrong < whole.size(); ++wrong) {
    if (wrong == 46) continue;  // another data offset makes another packet
    Bytes bytes = whole;
    bytes[wrong] ^= 0x10;
    Frame frame(bytes);
    EXPECT_FALSE(l4_checksum_valid(frame.parsed())) << wrong;
  }
}

TEST(Parse, ChecksumOfUdpMayBeAbsentOverIpv4Only) {
  Frame frame(udp6_behind_options());  // checksum zero
  EXPECT_FALSE(l4_checksum_valid(frame.parsed()));
  frame.mbuf().ol_flags = RTE_MBUF_F_RX_L4_CKSUM_GOOD;
  EXPECT_TRUE(l4_checksum_valid(frame.parsed()));
}

}  // namespace
}  // namespace lbd
