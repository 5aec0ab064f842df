// SPDX-License-Identifier: Apache-2.0
#include "dataplane/reply.h"

#include <gtest/gtest.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "common/checksum.h"
#include "common/wire.h"
#include "dataplane/egress.h"
#include "dataplane/snapshot.h"

// Resets by RFC 9293 3.10.7.1, for segments that no service lets through today but a later
// forwarding method will. What the pipeline brings about is in tests/packet/cases/no_server.yaml.
namespace lbd {
namespace {

constexpr uint64_t kHz = 1'000'000'000;
constexpr NextHopId kGateway = 5;

/// One buffer, and the frame that was sent.
class OneFrame : public Egress {
 public:
  uint16_t transmit(PortIndex, rte_mbuf** mbufs, uint16_t n) override {
    const auto* data = rte_pktmbuf_mtod(mbufs[0], const uint8_t*);
    sent.assign(data, data + mbufs[0]->data_len);
    ++frames;
    return n;
  }
  Verdict transmit_verdict(PortIndex) const override { return Verdict::kForwarded; }
  bool punt(rte_mbuf*, bool) override { return false; }
  uint16_t hand_off(WorkerIndex, rte_mbuf**, uint16_t) override { return 0; }
  bool tell(WorkerIndex, const FragmentNote&) override { return false; }
  rte_mbuf* allocate() override {
    buffer_ = {};
    buffer_.buf_addr = room_.data();
    buffer_.buf_len = static_cast<uint16_t>(room_.size());
    buffer_.nb_segs = 1;
    return &buffer_;
  }
  bool notify(WorkerIndex, uint64_t) override { return false; }
  bool can_notify(WorkerIndex) const override { return false; }
  unsigned take_notices(WorkerIndex, uint64_t*, unsigned) override { return 0; }
  void request_neighbour(const NeighbourRequest&) override {}

  std::vector<uint8_t> sent;
  unsigned frames = 0;

 private:
  rte_mbuf buffer_{};
  std::array<uint8_t, 2048> room_{};
};

class ReplyTest : public testing::Test {
 protected:
  ReplyTest() {
    ports_.count = 1;
    ports_[0].mac = {{2, 0, 0, 0, 0, 1}};
    ports_[0].link_up.store(true);
    next_hops_.set(kGateway, {{{2, 0, 0, 0, 0, 9}}, 0, NextHopState::kReachable});
    routing_.entries.grow(1);
    routing_.entries[0].count = 1;
    routing_.entries[0].hops[0] = {0, false, kGateway};
    routing_.ipv4.insert(*Prefix::parse("0.0.0.0/0"), 0);
    context_.egress = &egress_;
    context_.counters = &counters_;
    context_.ports = &ports_;
    context_.next_hops = &next_hops_;
    context_.routing = &routing_;
    context_.snapshot = &snapshot_;
    context_.tsc = 10 * kHz;
    transmitter_.emplace(context_, kHz);
    replier_.emplace(context_, *transmitter_, kHz);
  }

  /// A TCP segment without options, sequence 1000, acknowledgement 77.
  void refuse(uint8_t flags, unsigned data) {
    frame_.assign(54 + data, 0);
    auto* ip = reinterpret_cast<wire::Ipv4*>(&frame_[14]);
    ip->source = Be32(0xc6336409);
    ip->destination = Be32(0xc0000214);
    auto* tcp = reinterpret_cast<wire::Tcp*>(&frame_[34]);
    tcp->source = Be16(4000);
    tcp->destination = Be16(80);
    tcp->sequence = Be32(1000);
    tcp->acknowledgement = Be32(77);
    tcp->data_offset = 5 << 4;
    tcp->flags = flags;
    rte_mbuf mbuf{};
    mbuf.buf_addr = frame_.data();
    mbuf.data_len = static_cast<uint16_t>(frame_.size());
    Packet packet;
    packet.mbuf = &mbuf;
    packet.ip_length = 40 + data;
    packet.l4 = 34;
    packet.protocol = wire::kProtoTcp;
    packet.tcp_flags = flags;
    replier_->refuse(packet);
    transmitter_->flush();
  }
  const wire::Tcp& answer() const {
    return *reinterpret_cast<const wire::Tcp*>(&egress_.sent.at(34));
  }

  OneFrame egress_;
  PortTable ports_;
  NextHopTable next_hops_;
  Routing routing_;
  Snapshot snapshot_;
  WorkerCounters counters_;
  WorkerContext context_;
  std::optional<Transmitter> transmitter_;
  std::optional<Replier> replier_;
  std::vector<uint8_t> frame_;
};

TEST_F(ReplyTest, SynDataAndFinAreAcknowledged) {
  refuse(wire::kTcpSyn, 0);
  EXPECT_EQ(answer().flags, wire::kTcpRst | wire::kTcpAck);
  EXPECT_EQ(answer().sequence.host(), 0u);
  EXPECT_EQ(answer().acknowledgement.host(), 1001u);
  refuse(wire::kTcpSyn, 10);
  EXPECT_EQ(answer().acknowledgement.host(), 1011u);
  refuse(wire::kTcpFin, 10);
  EXPECT_EQ(answer().acknowledgement.host(), 1011u);
  refuse(wire::kTcpSyn | wire::kTcpFin, 0);
  EXPECT_EQ(answer().acknowledgement.host(), 1002u);
}

TEST_F(ReplyTest, AnAcknowledgementIsWhereTheResetStands) {
  refuse(wire::kTcpAck, 30);
  EXPECT_EQ(answer().flags, wire::kTcpRst);
  EXPECT_EQ(answer().sequence.host(), 77u);
  EXPECT_EQ(answer().acknowledgement.host(), 0u);
}

TEST_F(ReplyTest, AResetIsNotAnswered) {
  refuse(wire::kTcpRst, 0);
  refuse(wire::kTcpRst | wire::kTcpAck, 0);
  EXPECT_EQ(egress_.frames, 0u);
  EXPECT_EQ(counters_.events[static_cast<unsigned>(Event::kResetSent)].get(), 0u);
}

TEST_F(ReplyTest, AThousandASecondAndNoMore) {
  for (int i = 0; i < 1500; ++i) refuse(wire::kTcpSyn, 0);
  EXPECT_EQ(egress_.frames, 1000u);
  EXPECT_EQ(counters_.events[static_cast<unsigned>(Event::kReplyRateLimited)].get(), 500u);
  context_.tsc += kHz / 2;
  for (int i = 0; i < 1500; ++i) refuse(wire::kTcpSyn, 0);
  EXPECT_EQ(egress_.frames, 1500u);
}

TEST_F(ReplyTest, OwnPacketsAreCountedAsTheyComeAndGo) {
  refuse(wire::kTcpSyn, 0);
  EXPECT_EQ(counters_.ports[0].origins[static_cast<unsigned>(Origin::kOwn)].get(), 1u);
  EXPECT_EQ(counters_.ports[0].verdicts[static_cast<unsigned>(Verdict::kForwarded)].get(), 1u);
  EXPECT_TRUE(checksum::valid(&egress_.sent.at(14), 20));
}

}  // namespace
}  // namespace lbd
