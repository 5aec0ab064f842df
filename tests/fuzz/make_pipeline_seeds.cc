// SPDX-License-Identifier: Apache-2.0
#include <rte_mbuf.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "load_cases.h"
#include "pipeline_input.h"
#include "read_packet.h"

// Writes one seed for each packet case: its packets and the steps of its clock. What a case changes
// besides (weights, next hops) becomes a step of that kind.
namespace lbd::fuzz {
namespace {

/// Cases about rates send thousands; a fuzzer is quicker with few.
constexpr size_t kMostFrames = 20;

void add_frames(const YAML::Node& node, const test::Topology& world, PortIndex port,
                std::vector<Operation>& out) {
  auto inputs = test::read_packets(node, world, port);
  inputs.resize(std::min(inputs.size(), kMostFrames));
  for (test::Input& input : inputs) {
    Operation operation;
    operation.kind = Operation::kFrame;
    operation.first = port == 0 ? 0 : kSecondPort;
    if (input.offload & RTE_MBUF_F_RX_IP_CKSUM_GOOD) operation.first |= kIpChecksumGood;
    if (input.offload & RTE_MBUF_F_RX_L4_CKSUM_GOOD) operation.first |= kL4ChecksumGood;
    if (input.first_segment != 0) operation.first |= kSplit;
    operation.second = static_cast<uint8_t>(input.first_segment);
    operation.frame = std::move(input.frame);
    out.push_back(std::move(operation));
  }
}

uint8_t nearest_step(uint64_t nanoseconds) {
  uint8_t best = 0;
  for (uint8_t i = 0; i < std::size(kSteps); ++i)
    if (kSteps[i] <= nanoseconds) best = i;
  return best;
}

std::vector<Operation> operations_of(const test::Case& which, const test::Topology& world) {
  std::vector<Operation> out;
  for (const auto& step : which.node["steps"]) {
    if (step["change"]) out.push_back({Operation::kWeights, 0x0a, 0, {}});
    if (step["change"]) out.push_back({Operation::kNextHop, 0, 1, {}});
    const YAML::Node port = step["port"] ? step["port"] : YAML::Node("wan");
    const PortIndex in = test::read_port(port, world);
    if (step["send"] && step["send"].IsSequence()) {
      for (const auto& one : step["send"]) add_frames(one, world, in, out);
    } else if (step["send"]) {
      add_frames(step["send"], world, in, out);
    }
    out.push_back({Operation::kSettle, 0, 0, {}});
    if (step["advance"])
      out.push_back(
          {Operation::kAdvance, nearest_step(test::read_duration(step["advance"])), 0, {}});
  }
  return out;
}

void write_seeds(const std::filesystem::path& directory) {
  const YAML::Node defaults = YAML::LoadFile(LBD_PACKET_DIRECTORY "/defaults.yaml");
  std::filesystem::create_directories(directory);
  for (const test::Case& one : test::load_cases(LBD_PACKET_DIRECTORY)) {
    const YAML::Node world = test::merged(defaults, one.node["setup"]);
    const auto bytes = encode(operations_of(one, test::read_topology(world)));
    std::ofstream file(directory / (one.file + "." + one.name), std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<long>(bytes.size()));
  }
}

}  // namespace
}  // namespace lbd::fuzz

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: make_pipeline_seeds DIRECTORY\n";
    return 2;
  }
  try {
    lbd::fuzz::write_seeds(arguments[1]);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
