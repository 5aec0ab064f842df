// SPDX-License-Identifier: Apache-2.0
#include "case_runner.h"

#include <algorithm>

#include "read_packet.h"
#include "read_topology.h"
#include "step.h"

namespace lbd::test {
namespace {

/// Runs the steps of one case.
class Runner {
 public:
  Runner(const YAML::Node& world, Outcome& outcome)
      : world_(world), director_(read_topology(world)), outcome_(outcome) {}

  void run(const YAML::Node& node, size_t number);

 private:
  std::vector<Input> send(const YAML::Node& node, PortIndex port);
  void from_tap(const YAML::Node& node);

  YAML::Node world_;
  Director director_;
  Outcome& outcome_;
  std::vector<Waiting> waiting_;
  std::vector<Bytes> tap_frames_;
};

std::vector<Input> Runner::send(const YAML::Node& node, PortIndex port) {
  const auto worker = read<WorkerIndex>(node["worker"], 0);
  std::vector<Input> inputs;
  const YAML::Node what = node["send"];
  const auto take = [&](const YAML::Node& one) {
    for (Input& input : read_packets(one, director_.topology(), port)) {
      const bool same = !one["becomes"];
      waiting_.push_back(
          {same ? input.frame : read_becomes(one, director_.topology(), port), inputs.size()});
      inputs.push_back(std::move(input));
    }
  };
  if (what.IsSequence()) {
    for (const auto& one : what) take(one);
  } else {
    take(what);
  }
  const auto burst = read<size_t>(node["burst"], kMaxBurst);
  for (size_t i = 0; i < inputs.size(); i += burst)
    director_.receive(worker, port,
                      std::span(inputs).subspan(i, std::min(burst, inputs.size() - i)));
  return inputs;
}

void Runner::from_tap(const YAML::Node& node) {
  only(node, {"port", "worker", "frame"});
  const PortIndex port = read_port(node["port"], director_.topology());
  const auto inputs = read_packets(node["frame"], director_.topology(), port);
  for (const Input& input : inputs) tap_frames_.push_back(input.frame);
  director_.from_tap(read<WorkerIndex>(node["worker"], 0), port, inputs);
}

void Runner::run(const YAML::Node& node, size_t number) {
  only(node, {"send", "port", "worker", "burst", "from_tap", "advance", "change", "purge", "probe",
              "expect"});
  std::vector<std::string> failures;
  Step step{director_, director_.totals(), {}, {}, waiting_, tap_frames_, false, 0, failures};
  director_.clear_record();
  if (node["change"]) {
    world_ = merged(world_, node["change"]);
    director_.apply(read_topology(world_));
  }
  if (node["send"]) {
    const YAML::Node port = node["port"] ? node["port"] : YAML::Node("wan");
    step.is_send = true;
    step.port = read_port(port, director_.topology());
    for (const Input& input : send(node, step.port)) step.sent_in.push_back(input.frame);
  }
  if (node["from_tap"]) from_tap(node["from_tap"]);
  if (read(node["purge"], false)) director_.request(WorkerRequest::Kind::kPurge);
  if (read(node["probe"], false)) director_.request(WorkerRequest::Kind::kProbeClients);
  director_.settle();
  if (node["advance"]) director_.advance(read_duration(node["advance"]));
  step.after = director_.totals();
  check_step(step, node["expect"] ? node["expect"] : YAML::Node(YAML::NodeType::Map));
  for (const std::string& line : failures)
    outcome_.failures.push_back("step " + std::to_string(number) + ": " + line);
  for (unsigned i = 0; i < kVerdictCount; ++i)
    if (step.after.verdicts[i] != 0) outcome_.verdicts.emplace(kVerdicts[i].name);
  for (unsigned i = 0; i < kEventCount; ++i)
    if (step.after.events[i] != 0) outcome_.events.emplace(kEvents[i].name);
}

}  // namespace

Outcome run_case(const Case& which, const YAML::Node& defaults) {
  Outcome outcome;
  try {
    only(which.node, {"name", "description", "setup", "steps"});
    if (!which.node["description"]) throw BadCase(which.node, "a case has a description");
    Runner runner(merged(defaults, which.node["setup"]), outcome);
    size_t number = 0;
    for (const auto& step : which.node["steps"]) runner.run(step, ++number);
    if (number == 0) throw BadCase(which.node, "a case has steps");
  } catch (const std::exception& error) {
    outcome.failures.push_back(which.file + ".yaml: " + error.what());
  }
  return outcome;
}

}  // namespace lbd::test
