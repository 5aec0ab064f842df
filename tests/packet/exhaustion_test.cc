// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>

#include "common/wire.h"
#include "director.h"
#include "frame_builder.h"
#include "invariants.h"
#include "read_topology.h"

// A pool of one address and one real server: every port of the address is used, whatever the number
// of workers, the next connection is refused, and after the time-outs all is as it was.
namespace lbd::test {
namespace {

constexpr uint64_t kPorts = 64'512;

Topology world(unsigned workers) {
  const auto defaults = YAML::LoadFile(LBD_PACKET_DIRECTORY "/defaults.yaml");
  Topology out = read_topology(defaults);
  out.workers = workers;
  out.max_connections = 70'000;
  out.ports[1].local_addresses = {*IpAddress::parse("10.0.0.100")};
  out.services.resize(2);
  for (ServiceSpec& service : out.services) {
    if (service.name != "dns") continue;
    service.listens = {*Endpoint::parse("192.0.2.20:53")};
    service.servers.resize(1);
    service.servers[0].forwarding = Forwarding::kFullnat;
    service.servers[0].address = *IpAddress::parse("10.0.0.21");
  }
  return out;
}

/// The same by TCP.
Topology tcp_world(unsigned workers) {
  Topology out = world(workers);
  out.half_open_quota = 70'000;
  for (ServiceSpec& service : out.services)
    if (service.name == "dns") service.protocol = 6;
  return out;
}

/// The first packet of flow number `flow`, or a TCP segment of it with `flags`.
FrameSpec frame_of(const Director& director, uint64_t flow, uint8_t flags = 0) {
  FrameSpec spec;
  spec.source_mac = director.topology().gateways.begin()->second.mac;
  spec.destination_mac = director.topology().ports[0].mac;
  spec.protocol = flags == 0 ? 17 : 6;
  spec.tcp_flags = flags;
  spec.destination = *IpAddress::parse("192.0.2.20");
  spec.destination_port = 53;
  spec.source = IpAddress::v4_host(static_cast<uint32_t>(0xcb007100u + flow / 50'000));
  spec.source_port = static_cast<uint16_t>(1024 + flow % 50'000);
  return spec;
}

/// `count` flows, from flow number `first` on.
void send(Director& director, uint64_t first, uint64_t count, uint8_t flags = 0) {
  std::vector<Input> burst;
  for (uint64_t flow = first; flow < first + count; ++flow) {
    burst.push_back({build(frame_of(director, flow, flags)), 0, 0});
    if (burst.size() < kMaxBurst && flow + 1 != first + count) continue;
    director.receive(0, 0, burst);
    director.settle();
    burst.clear();
  }
}

FlowKey key_of(const FrameSpec& spec) {
  return FlowKey::make({spec.source, spec.source_port}, {spec.destination, spec.destination_port},
                       spec.protocol);
}

/// Opens connections by TCP that are worker 0's until one is another worker's; returns its flow.
uint64_t open_until_adopted(Director& director) {
  const Owner owner(default_rss_key(), director.workers());
  for (uint64_t flow = 0; flow < 2 * kPorts; ++flow) {
    const FlowKey key = key_of(frame_of(director, flow, wire::kTcpSyn));
    if (owner.of(key) != 0) continue;
    send(director, flow, 1, wire::kTcpSyn);
    director.clear_record();
    const auto found = director.find(key);
    if (found && found->worker != 0) return flow;
  }
  ADD_FAILURE() << "no worker had to ask another one";
  return 0;
}

uint64_t verdicts(const Director& director, Verdict which) {
  return director.totals().verdicts[static_cast<unsigned>(which)];
}

class Exhaustion : public testing::TestWithParam<unsigned> {};

TEST_P(Exhaustion, EveryPortIsUsedOnceAndThenCounted) {
  Director director(world(GetParam()));
  send(director, 0, kPorts);
  EXPECT_EQ(verdicts(director, Verdict::kForwarded), kPorts);
  EXPECT_EQ(verdicts(director, Verdict::kLocalPortsUsedUp), 0u);
  std::set<uint16_t> ports;
  for (const Sent& sent : director.record().sent) ports.insert(get16(sent.frame, 34));
  EXPECT_EQ(ports.size(), kPorts) << "a port was given twice";
  EXPECT_EQ(*ports.begin(), 1024);
  director.clear_record();

  send(director, kPorts, 1);
  EXPECT_EQ(verdicts(director, Verdict::kLocalPortsUsedUp), 1u);
  send(director, 0, 1000);  // the others go on
  EXPECT_EQ(verdicts(director, Verdict::kForwarded), kPorts + 1000 + 1) << "with the refusal";
  EXPECT_EQ(broken_invariants(director), std::vector<std::string>());
  director.clear_record();

  director.advance(302 * Director::kHz);
  send(director, kPorts, 100);
  EXPECT_EQ(verdicts(director, Verdict::kLocalPortsUsedUp), 1u);
  EXPECT_EQ(verdicts(director, Verdict::kForwarded), kPorts + 1000 + 1 + 100);
}

class Adoption : public testing::TestWithParam<unsigned> {};

// What comes next of a connection that another worker opened goes where it is, also when the client
// begins it anew.
TEST_P(Adoption, AConnectionIsFoundAndBeginsAnew) {
  Director director(tcp_world(GetParam()));
  const uint64_t flow = open_until_adopted(director);
  uint64_t forwarded = verdicts(director, Verdict::kForwarded);
  EXPECT_GE(forwarded, kPorts / GetParam() * 9 / 10);
  for (const uint8_t flags : {wire::kTcpAck, wire::kTcpRst, wire::kTcpSyn, wire::kTcpAck}) {
    send(director, flow, 1, flags);
    EXPECT_EQ(verdicts(director, Verdict::kForwarded), ++forwarded) << "flags " << int{flags};
  }
  EXPECT_EQ(verdicts(director, Verdict::kNoConnection), 0u);
  EXPECT_EQ(broken_invariants(director), std::vector<std::string>());
}

INSTANTIATE_TEST_SUITE_P(Workers, Exhaustion, testing::Values(1u, 2u, 4u));
INSTANTIATE_TEST_SUITE_P(Workers, Adoption, testing::Values(2u, 4u));

}  // namespace
}  // namespace lbd::test
