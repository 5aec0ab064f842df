// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "director.h"
#include "frame_builder.h"
#include "invariants.h"
#include "read_topology.h"

// 100,000 connections over 1, 2 and 4 workers, each with its pipeline, steered by the owner
// function: by how much servers' shares differ from their weights.
namespace lbd::test {
namespace {

constexpr uint32_t kFlows = 100'000;

Topology world(unsigned workers, SchedulerKind kind, const std::vector<uint32_t>& weights) {
  Topology out = read_topology(YAML::LoadFile(LBD_PACKET_DIRECTORY "/defaults.yaml"));
  out.workers = workers;
  out.max_connections = kFlows;
  ServiceSpec service = out.services[0];
  for (const ServiceSpec& other : out.services)
    if (other.protocol == 17) service = other;
  const ServerSpec server = service.servers[0];
  service.scheduler = kind;
  service.listens = {*Endpoint::parse("192.0.2.20:53")};
  service.servers.assign(weights.size(), server);
  for (size_t i = 0; i < weights.size(); ++i) {
    service.servers[i].name = "d" + std::to_string(i);
    service.servers[i].weight = weights[i];
  }
  out.services = {service};
  return out;
}

Input first_packet(const Director& director, uint32_t flow) {
  FrameSpec spec;
  spec.source_mac = director.topology().gateways.begin()->second.mac;
  spec.destination_mac = director.topology().ports[0].mac;
  spec.protocol = 17;
  spec.destination = *IpAddress::parse("192.0.2.20");
  spec.destination_port = 53;
  spec.source = IpAddress::v4_host(0xc6336400u + flow % 250);
  spec.source_port = static_cast<uint16_t>(1024 + flow / 250);
  return {build(spec), 0, 0};
}

/// Received by any of the workers, as a device without RSS would have it.
void open(Director& director, uint32_t first, uint32_t count) {
  std::vector<Input> burst;
  for (uint32_t flow = first; flow < first + count; ++flow)
    burst.push_back(first_packet(director, flow));
  director.receive(static_cast<WorkerIndex>(first % director.workers()), 0, burst);
  director.settle();
  director.clear_record();
}

std::vector<uint64_t> connections(const Director& director) {
  const auto& servers = director.topology().services[0].servers;
  std::vector<uint64_t> out(servers.size());
  for (unsigned worker = 0; worker < director.workers(); ++worker)
    for (ServerId id = 0; id < out.size(); ++id)
      out[id] += director.worker(static_cast<WorkerIndex>(worker)).servers[id].connections.get();
  return out;
}

class DistributionTest
    : public testing::TestWithParam<std::tuple<unsigned, SchedulerKind, std::vector<uint32_t>>> {};

TEST_P(DistributionTest, SharesAreWithinOnePercentOfTheWeights) {
  const auto& [workers, kind, weights] = GetParam();
  Director director(world(workers, kind, weights));
  for (uint32_t flow = 0; flow < kFlows; flow += 32) open(director, flow, 32);
  const auto got = connections(director);
  ASSERT_EQ(std::accumulate(got.begin(), got.end(), uint64_t{0}), kFlows);
  const bool equal = kind == SchedulerKind::kRr;
  const double sum = equal ? static_cast<double>(weights.size())
                           : std::accumulate(weights.begin(), weights.end(), 0.0);
  for (size_t i = 0; i < weights.size(); ++i) {
    const double share = (equal ? 1 : weights[i]) / sum * kFlows;
    EXPECT_NEAR(static_cast<double>(got[i]) / share, 1, 0.01) << i;
  }
  for (unsigned worker = 0; worker < workers; ++worker) {
    const auto index = static_cast<WorkerIndex>(worker);
    EXPECT_GT(director.worker(index).counters.connections.get(), kFlows / workers / 2)
        << "every worker has its part";
  }
}
const auto kWorkers = testing::Values(1u, 2u, 4u);
INSTANTIATE_TEST_SUITE_P(Rr, DistributionTest,
                         testing::Combine(kWorkers, testing::Values(SchedulerKind::kRr),
                                          testing::Values(std::vector<uint32_t>{1, 1, 1})));
INSTANTIATE_TEST_SUITE_P(Wrr, DistributionTest,
                         testing::Combine(kWorkers, testing::Values(SchedulerKind::kWrr),
                                          testing::Values(std::vector<uint32_t>{5, 3, 2},
                                                          std::vector<uint32_t>{100, 7, 41, 1, 1,
                                                                                30})));

class OptimumTest
    : public testing::TestWithParam<std::tuple<unsigned, SchedulerKind, std::vector<uint32_t>>> {};

/// UDP connections are inactive ones by IPVS's count: lc and wlc compare their plain number.
TEST_P(OptimumTest, OneAtATimeEveryServerIsWithinTwoOfItsShare) {
  const auto& [workers, kind, weights] = GetParam();
  Director director(world(workers, kind, weights));
  const bool equal = kind == SchedulerKind::kLc;
  const double sum = equal ? static_cast<double>(weights.size())
                           : std::accumulate(weights.begin(), weights.end(), 0.0);
  for (uint32_t flow = 0; flow < kFlows; ++flow) {
    open(director, flow, 1);
    if (flow % 97 != 0 && flow + 1 != kFlows) continue;
    const auto got = connections(director);
    for (size_t i = 0; i < weights.size(); ++i)
      ASSERT_NEAR(static_cast<double>(got[i]), (equal ? 1 : weights[i]) / sum * (flow + 1), 2)
          << "server " << i << " after " << flow + 1;
  }
}
INSTANTIATE_TEST_SUITE_P(LeastConnection, OptimumTest,
                         testing::Combine(kWorkers, testing::Values(SchedulerKind::kLc),
                                          testing::Values(std::vector<uint32_t>{1, 1, 1, 1})));
INSTANTIATE_TEST_SUITE_P(WeightedLeastConnection, OptimumTest,
                         testing::Combine(kWorkers, testing::Values(SchedulerKind::kWlc),
                                          testing::Values(std::vector<uint32_t>{5, 3, 2})));

}  // namespace
}  // namespace lbd::test
