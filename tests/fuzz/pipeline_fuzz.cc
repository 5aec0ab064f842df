// SPDX-License-Identifier: Apache-2.0
#include <rte_mbuf.h>

#include <cstdio>
#include <cstdlib>

#include "director.h"
#include "invariants.h"
#include "pipeline_input.h"
#include "read_topology.h"

// Any frames, with the clock, next hops, weights and shortages changing between them, run through
// the pipelines of two workers. Nothing may crash, each packet must end in exactly one verdict, no
// buffer may be lost, and tables and counts must agree.
namespace lbd::fuzz {
namespace {

using test::Director;
using test::Topology;

/// Half of the servers are reached by fullnat: from clients of one IP version in place, from those
/// of the other by translation.
constexpr const char* kFullnat = R"(
ports: {lan: {local_addresses: [10.0.0.100, "2001:db8:1::100"]}}
services:
  web: {servers: {s2: {forwarding: fullnat, address: 10.0.0.12, real_port: 8080}}}
  dns: {servers: {d2: {forwarding: fullnat, address: "2001:db8:1::22"}}}
)";

const Topology& world() {
  static const Topology topology = [] {
    Topology out = test::read_topology(
        test::merged(YAML::LoadFile(LBD_PACKET_DIRECTORY "/defaults.yaml"), YAML::Load(kFullnat)));
    out.workers = 2;
    out.max_connections = 12;
    out.half_open_quota = 5;
    out.ports[1].mtu = 600;
    return out;
  }();
  return topology;
}

class Session {
 public:
  Session() : topology_(world()), director_(topology_) {}

  void apply(Operation& operation);
  void finish() {
    flush();
    check();
  }

 private:
  void frame(Operation& operation);
  void flush();
  void check();
  void next_hop(const Operation& operation);
  void weights(uint8_t bits);
  void surroundings(uint8_t bits);

  Topology topology_;
  Director director_;
  std::vector<test::Input> burst_;
  uint8_t where_ = 0;
};

void Session::flush() {
  const auto worker = static_cast<WorkerIndex>(where_ & kSecondWorker ? 1 : 0);
  const auto port = static_cast<PortIndex>(where_ & kSecondPort ? 1 : 0);
  if (!burst_.empty()) director_.receive(worker, port, burst_);
  burst_.clear();
  director_.settle();
}

void Session::check() {
  const auto broken = test::broken_invariants(director_);
  for (const std::string& line : broken) std::fprintf(stderr, "%s\n", line.c_str());
  if (!broken.empty()) std::abort();
  director_.clear_record();
}

void Session::frame(Operation& operation) {
  const bool elsewhere = ((operation.first ^ where_) & (kSecondWorker | kSecondPort)) != 0;
  if (elsewhere || burst_.size() == kMaxBurst) flush();
  where_ = operation.first;
  test::Input input;
  input.frame = std::move(operation.frame);
  if (where_ & kIpChecksumGood) input.offload |= RTE_MBUF_F_RX_IP_CKSUM_GOOD;
  if (where_ & kL4ChecksumGood) input.offload |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
  input.first_segment = operation.second;
  if (operation.kind == Operation::kFrame) {
    burst_.push_back(std::move(input));
  } else if (input.frame.size() >= 14) {  // the tap thread passes on nothing shorter
    director_.from_tap(where_ & kSecondWorker ? 1 : 0, where_ & kSecondPort ? 1 : 0, {&input, 1});
  }
}

void Session::next_hop(const Operation& operation) {
  std::vector<NextHop*> all;
  for (auto& service : topology_.services)
    for (auto& server : service.servers) all.push_back(&server.hop);
  for (auto& [name, hop] : topology_.gateways) all.push_back(&hop);
  NextHop& hop = *all[operation.first % all.size()];
  hop.state = static_cast<NextHopState>(operation.second % 5);
  hop.port = operation.second / 5 % 2;
}

void Session::weights(uint8_t bits) {
  for (auto& service : topology_.services)
    for (auto& server : service.servers) {
      server.weight = bits & 1;
      bits >>= 1;
    }
}

void Session::surroundings(uint8_t bits) {
  topology_.ports[1].link = !(bits & kLinkDown);
  topology_.ports[1].accepts = bits & kTransmitShort ? 1 : test::kUnlimited;
  topology_.punt_ring = bits & kPuntShort ? 1 : test::kUnlimited;
  topology_.hand_off_ring = bits & kHandOffShort ? 1 : test::kUnlimited;
  topology_.reply_buffers = bits & kNoReplyBuffers ? 0 : test::kUnlimited;
  for (auto& service : topology_.services)
    service.scheduler = bits & kLeastConnection ? SchedulerKind::kLc : SchedulerKind::kWrr;
}

void Session::apply(Operation& operation) {
  switch (operation.kind) {
    case Operation::kFrame:
    case Operation::kFromTap:
      return frame(operation);
    case Operation::kSettle:
      break;
    case Operation::kAdvance:
      flush();
      director_.advance(kSteps[operation.first % std::size(kSteps)]);
      break;
    case Operation::kNextHop:
      next_hop(operation);
      break;
    case Operation::kWeights:
      weights(operation.first);
      break;
    case Operation::kSurroundings:
      surroundings(operation.first);
      break;
  }
  flush();
  if (operation.kind >= Operation::kNextHop) director_.apply(topology_);
  check();
}

}  // namespace
}  // namespace lbd::fuzz

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  lbd::test::start_eal();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lbd::fuzz::Session session;
  for (lbd::fuzz::Operation& operation : lbd::fuzz::decode({data, size})) session.apply(operation);
  session.finish();
  return 0;
}
