// SPDX-License-Identifier: Apache-2.0
#include "control/api/foresee.h"

#include <algorithm>

namespace lbd::api {
namespace {

/// What the rule of a scheduler says, for people; empty where its choice cannot be foreseen.
std::string rule_of(SchedulerKind kind) {
  switch (kind) {
    case SchedulerKind::kLc:
      return "it has the least connections now";
    case SchedulerKind::kWlc:
      return "it has the least connections for its weight now";
    case SchedulerKind::kSed:
      return "its expected delay is the shortest now";
    case SchedulerKind::kNq:
      return "it is idle, or its expected delay is the shortest now";
    case SchedulerKind::kFo:
      return "it has the highest weight of those that are not full";
    case SchedulerKind::kOvf:
      return "it has the highest weight of those with no more active connections than that";
    case SchedulerKind::kSh:
      return "the client's hash names it";
    case SchedulerKind::kDh:
      return "the virtual address's hash names it";
    case SchedulerKind::kMh:
      return "the client's hash names it in the Maglev table";
    default:
      return "";
  }
}

std::string how_it_is_chosen(SchedulerKind kind) {
  switch (kind) {
    case SchedulerKind::kRr:
      return "each candidate in turn, and whose turn it is only the worker knows";
    case SchedulerKind::kWrr:
      return "candidates in turn by weight, and whose turn it is only the worker knows";
    case SchedulerKind::kTwos:
      return "the less loaded of two that are drawn at random";
    default:
      return "the server that the address went to before, if it has room; only workers know";
  }
}

}  // namespace

Choice foresee(const Service& service, const FlowKey& key, const ConnectionCounts& counts) {
  const auto& candidates = service.candidates;
  const std::string start = "a new connection; ";
  const std::string name(name_of(service.scheduler));
  const NewFlow flow{key, &counts, 0};
  const auto takes = [&flow](const Candidate& candidate) { return !is_out(candidate, flow); };
  const auto taking = std::count_if(candidates.begin(), candidates.end(), takes);
  if (taking == 0) return {nullptr, start + "each real server has its maximum of connections"};
  const std::string rule = rule_of(service.scheduler);
  if (!rule.empty()) {
    // A state of its own, thrown away afterwards.
    ScheduleState state(service.scheduler, candidates, 0, service.shared);
    const Candidate* chosen = state.pick(flow);
    if (chosen == nullptr)
      return {nullptr, start + name + ": the server that it names is full or has weight 0"};
    // The state's copy of the candidate goes with it.
    const auto found = std::find_if(
        candidates.begin(), candidates.end(),
        [chosen](const Candidate& candidate) { return candidate.server == chosen->server; });
    return {&*found, start + name + ": " + rule};
  }
  if (taking == 1)
    return {&*std::find_if(candidates.begin(), candidates.end(), takes),
            start + "it is the only real server that takes any"};
  return {nullptr, start + name + ": " + how_it_is_chosen(service.scheduler)};
}

}  // namespace lbd::api
