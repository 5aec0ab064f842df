// SPDX-License-Identifier: Apache-2.0
#include "control/api/arguments.h"
#include "control/api/names.h"
#include "control/api/verbs.h"
#include "control/health/probe.h"

namespace lbd::api {
namespace {

using health::Job;
using health::Outcome;

int64_t seconds_since(Clock::time_point then) {
  return std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - then).count();
}

const char* verdict_name(health::Verdict verdict) {
  switch (verdict) {
    case health::Verdict::kUp:
      return "up";
    case health::Verdict::kDown:
      return "down";
    case health::Verdict::kUnknown:
      break;
  }
  return "unknown";
}

Json check_json(const HealthKeeper::Server& server, const Job& job) {
  const bool good = job.last.kind == Outcome::Kind::kSuccess;
  return {{"service", server.key.first},
          {"server", server.key.second.to_string()},
          {"check", job.target.title()},
          {"state", job.resting ? "resting" : verdict_name(job.state.verdict())},
          {"since_s", seconds_since(job.since)},
          {"last_error", good ? Json(nullptr) : Json(job.last.reason)},
          {"last_ms", job.last_took.count()},
          {"weight", job.weight ? Json(*job.weight) : Json(nullptr)},
          {"failures_in_a_row", job.state.failures()},
          {"runs", job.runs},
          {"rests", job.rests},
          {"failures", job.failures},
          {"changes", job.changes}};
}

Json servers_json(const HealthKeeper& keeper) {
  Json rows = Json::array();
  for (const auto& server : keeper.servers()) {
    if (server->jobs.empty()) continue;
    rows.push_back({{"service", server->key.first},
                    {"server", server->key.second.to_string()},
                    {"state", server->health.up ? "up" : "down"},
                    {"since_s", seconds_since(server->since)},
                    {"reason", server->reason},
                    {"changes", server->changes}});
  }
  return rows;
}

Json summary_json(const HealthKeeper& keeper) {
  const health::Monitor::Figures& figures = keeper.monitor().figures();
  const HealthKeeper::Counts& counts = keeper.counts();
  return {{"checks", keeper.monitor().jobs().size()},
          {"runs", figures.runs},
          {"failures", figures.failures},
          {"not_run", figures.not_run},
          {"latest_ms", figures.latest.count()},
          {"server_up", counts.server_up},
          {"server_down", counts.server_down},
          {"quorum_gained", counts.quorum_gained},
          {"quorum_lost", counts.quorum_lost},
          {"publications", counts.publications}};
}

Json probe_json(const std::vector<health::ProbeResult>& results) {
  Json rows = Json::array();
  for (const health::ProbeResult& result : results) {
    const Outcome& outcome = result.outcome;
    rows.push_back({{"check", result.title},
                    {"ok", outcome.kind == Outcome::Kind::kSuccess},
                    {"reason", outcome.reason},
                    {"weight", outcome.weight ? Json(*outcome.weight) : Json(nullptr)},
                    {"took_ms", result.took.count()},
                    {"trace", result.trace}});
  }
  return {{"checks", std::move(rows)}};
}

}  // namespace

void health(Controller& controller, const Json&, const Respond& respond) {
  const HealthKeeper& keeper = controller.health();
  Json rows = Json::array();
  for (const auto& server : keeper.servers())
    for (const std::string& key : server->jobs)
      if (const Job* job = keeper.monitor().find(key)) rows.push_back(check_json(*server, *job));
  respond(Json{{"checks", std::move(rows)},
               {"servers", servers_json(keeper)},
               {"summary", summary_json(keeper)}});
}

void probe(Controller& controller, const Json& arguments, const Respond& respond) {
  const std::string service = text(arguments, "service");
  const std::string server = text(arguments, "server");
  const auto word = ServerWord::parse(server);
  if (!word) return respond(Error{"\"" + server + "\" is no address and no address:port"});
  if (!controller.state().find(service))
    return respond(Error{"no service \"" + service + "\"; lbctl services lists them"});
  const auto found = find_servers(controller.state(), service, *word, false);
  if (found.size() != 1)
    return respond(Error{"service \"" + service + "\" has " + std::to_string(found.size()) +
                         " real servers " + server + "; lbctl services lists them"});
  auto targets = controller.health().targets_of({service, found.front().server->key});
  if (targets.empty())
    return respond(Error{"service \"" + service + "\" has no health checks for " + server});
  health::probe(
      controller.io(), controller.health().commands(), std::move(targets),
      [respond](const std::vector<health::ProbeResult>& results) { respond(probe_json(results)); });
}

}  // namespace lbd::api
