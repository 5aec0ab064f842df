// SPDX-License-Identifier: Apache-2.0
#include "step.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "frame_matcher.h"
#include "invariants.h"
#include "nat64_oracle.h"
#include "read_packet.h"
#include "reply_check.h"
#include "state_check.h"
#include "translation_oracle.h"

namespace lbd::test {
namespace {

using Counts = std::map<std::string, uint64_t>;

/// "forwarded 2, martian 1"
std::string text(const Counts& counts) {
  std::string out;
  for (const auto& [name, count] : counts)
    out += (out.empty() ? "" : ", ") + name + " " + std::to_string(count);
  return out.empty() ? "nothing" : out;
}

Counts difference(const auto& before, const auto& after, const auto& names) {
  Counts out;
  for (size_t i = 0; i < names.size(); ++i)
    if (after[i] != before[i]) out[std::string(names[i].name)] = after[i] - before[i];
  return out;
}

Counts read_counts(const YAML::Node& node) {
  Counts out;
  for (const auto& item : node) {
    const auto count = item.second.as<uint64_t>();
    if (count != 0) out[item.first.as<std::string>()] = count;
  }
  return out;
}

void check_verdicts(Step& step, const YAML::Node& expect, size_t replies) {
  if (!expect["verdict"] && !expect["verdicts"]) {
    if (step.is_send) throw BadCase(expect, "a step that sends says the verdict it expects");
    return;
  }
  Counts wanted;
  if (expect["verdicts"]) {
    wanted = read_counts(expect["verdicts"]);
    for (const auto& [name, count] : wanted) read_verdict(name, expect);
  } else {
    const auto name = expect["verdict"].as<std::string>();
    read_verdict(name, expect["verdict"]);
    wanted[name] = step.sent_in.size();
    if (replies != 0) wanted["forwarded"] += replies;
  }
  const Counts got = difference(step.before.verdicts, step.after.verdicts, kVerdicts);
  if (got != wanted)
    step.failures.push_back(fmt::format("verdicts: {}; expected: {}", text(got), text(wanted)));
}

void check_events(Step& step, const YAML::Node& node) {
  if (!node) return;
  const Counts wanted = read_counts(node);
  for (const auto& [name, count] : wanted) read_event(name, node);
  const Counts got = difference(step.before.events, step.after.events, kEvents);
  if (got != wanted)
    step.failures.push_back(fmt::format("events: {}; expected: {}", text(got), text(wanted)));
}

/// "s1" for web/s1 where a frame went there; "?" for nobody's MAC address.
std::string receiver(const Topology& topology, const Forwarded& frame) {
  for (const ServiceSpec& service : topology.services)
    for (const ServerSpec& server : service.servers)
      if (server.hop.mac == frame.to && server.hop.port == frame.port) return server.name;
  for (const auto& [name, hop] : topology.gateways)
    if (hop.mac == frame.to && hop.port == frame.port) return name;
  for (const auto& [address, hop] : topology.neighbours)
    if (hop.mac == frame.to && hop.port == frame.port) return address.to_string();
  return "?";
}

void check_out(Step& step, const std::vector<Forwarded>& frames, const YAML::Node& expect) {
  std::vector<std::string> got;
  Counts distribution;
  for (const Forwarded& frame : frames) {
    got.push_back(receiver(step.director.topology(), frame));
    ++distribution[got.back()];
    if (got.back() == "?")
      step.failures.push_back("a frame went to " + frame.to.to_string() + ": no real server there");
  }
  if (expect["out"]) {
    const auto wanted = expect["out"].as<std::vector<std::string>>();
    if (got != wanted)
      step.failures.push_back(fmt::format("went to [{}]; expected: [{}]", fmt::join(got, ", "),
                                          fmt::join(wanted, ", ")));
  }
  if (expect["distribution"] && distribution != read_counts(expect["distribution"]))
    step.failures.push_back("distribution: " + text(distribution));
  if (expect["tuples"]) {
    std::vector<std::string> tuples;
    for (const Forwarded& frame : frames) tuples.push_back(tuple_text(frame.frame));
    const auto wanted = expect["tuples"].as<std::vector<std::string>>();
    if (tuples != wanted)
      step.failures.push_back(fmt::format("left as [{}]; expected: [{}]", fmt::join(tuples, ", "),
                                          fmt::join(wanted, ", ")));
  }
  if (expect["icmp"]) {
    std::vector<std::string> messages;
    for (const Forwarded& frame : frames) messages.push_back(icmp_text(frame.frame));
    if (messages != expect["icmp"].as<std::vector<std::string>>())
      step.failures.push_back(fmt::format("messages: [{}]", fmt::join(messages, ", ")));
  }
  if (!expect["order"]) return;
  std::vector<size_t> order;
  for (const Forwarded& frame : frames) order.push_back(frame.packet);
  if (order != expect["order"].as<std::vector<size_t>>())
    step.failures.push_back(fmt::format("packets left in the order [{}]", fmt::join(order, ", ")));
}

void check_replies(Step& step, const std::vector<Sent>& replies, const YAML::Node& node) {
  const size_t wanted = !node ? 0 : node.IsSequence() ? node.size() : 1;
  if (replies.size() != wanted) {
    step.failures.push_back(
        fmt::format("{} frames of lbd's own; expected: {}", replies.size(), wanted));
    return;
  }
  for (size_t i = 0; i < wanted; ++i)
    check_reply(step, replies[i], node.IsSequence() ? node[i] : node);
}

void check_punted(Step& step, const YAML::Node& node) {
  if (!node) return;
  const auto kind = node.as<std::string>();
  if (kind != "priority" && kind != "bulk") throw BadCase(node, "punt is priority or bulk");
  const auto& punted = step.director.record().punted;
  if (punted.empty()) step.failures.push_back("nothing was punted");
  for (const Punted& one : punted)
    if (one.priority != (kind == "priority")) step.failures.push_back("punted, but not as " + kind);
}

}  // namespace

void check_step(Step& step, const YAML::Node& expect) {
  only(expect, {"verdict", "verdicts", "out", "tuples", "icmp", "resets", "distribution", "order",
                "reply", "replies", "punt", "events", "held", "connections", "connection",
                "servers", "neighbour_requests", "ports"});
  const auto resets = read(expect["resets"], 0u);
  const Matched matched = match_frames(step, resets != 0);
  if (matched.resets != resets)
    step.failures.push_back(
        fmt::format("{} packets became resets; expected: {}", matched.resets, resets));
  check_verdicts(step, expect, matched.replies.size());
  check_events(step, expect["events"]);
  check_out(step, matched.forwarded, expect);
  if (expect["replies"]) {
    if (matched.replies.size() != expect["replies"].as<size_t>())
      step.failures.push_back(fmt::format("{} frames of lbd's own", matched.replies.size()));
  } else {
    check_replies(step, matched.replies, expect["reply"]);
  }
  check_punted(step, expect["punt"]);
  check_state(step, expect);
  for (std::string& line : broken_invariants(step.director))
    step.failures.push_back(std::move(line));
}

}  // namespace lbd::test
