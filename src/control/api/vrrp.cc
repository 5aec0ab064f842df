// SPDX-License-Identifier: Apache-2.0
#include "control/api/arguments.h"
#include "control/api/verbs.h"
#include "control/vrrp/vrrp_side.h"

namespace lbd::api {
namespace {

double milliseconds(vrrp::Time time) {
  return static_cast<double>(time.count() / 1000) / 1000;
}

Json counters_json(const vrrp::InstanceCounters& counters) {
  Json errors = Json::object();
  for (unsigned kind = 0; kind < vrrp::kErrorKinds; ++kind)
    errors[std::string(vrrp::kErrors[kind].name)] = counters.errors[kind];
  return {{"advertisements_sent", counters.sent},
          {"advertisements_received", counters.received},
          {"priority_zero_sent", counters.stops_sent},
          {"priority_zero_received", counters.stops_received},
          {"send_failures", counters.send_failed},
          {"became_master", counters.became_master},
          {"left_master", counters.left_master},
          {"two_masters", counters.two_masters},
          {"errors", std::move(errors)}};
}

Json timing_json(const vrrp::Lateness& lateness) {
  Json histogram = Json::array();
  for (size_t i = 0; i < lateness.counts.size(); ++i) {
    const bool last = i == vrrp::Lateness::kBounds.size();
    histogram.push_back({{"up_to_ms", last ? Json(nullptr) : Json(vrrp::Lateness::kBounds[i])},
                         {"timers", lateness.counts[i]}});
  }
  return {{"latest_ms", milliseconds(lateness.most)}, {"histogram", std::move(histogram)}};
}

Json instance_json(const vrrp::InstanceReport& row) {
  Json addresses = Json::array();
  for (const Prefix& prefix : row.addresses) addresses.push_back(prefix.to_string());
  const bool known = !row.master.is_unspecified();
  Json json{{"name", row.name},
            {"interface", row.interface},
            {"version", row.protocol.version},
            {"family", row.protocol.family == Family::kIpv4 ? "ipv4" : "ipv6"},
            {"virtual_router_id", row.protocol.vrid},
            {"state", vrrp::to_text(row.state)},
            {"since_s", static_cast<int64_t>(row.since / std::chrono::seconds(1))},
            {"reason", row.reason},
            {"priority", row.configured_priority},
            {"effective_priority", row.priority},
            {"priority_reason", row.priority_reason},
            {"master", known ? Json(row.master.to_string()) : Json(nullptr)},
            {"master_interval_ms", milliseconds(row.master_interval)},
            {"source", row.protocol.source.to_string()},
            {"virtual_addresses", std::move(addresses)},
            {"virtual_mac", row.virtual_mac ? Json(row.virtual_mac->to_string()) : Json(nullptr)}};
  json.update(counters_json(row.counters));
  json["timing"] = timing_json(row.lateness);
  return json;
}

Json groups_json(const vrrp::Command& answer) {
  Json rows = Json::array();
  for (const vrrp::GroupReport& group : answer.groups)
    rows.push_back({{"name", group.name},
                    {"state", vrrp::to_text(group.state)},
                    {"instances", group.instances}});
  return rows;
}

Json report_json(const vrrp::Command& answer) {
  Json rows = Json::array();
  for (const vrrp::InstanceReport& row : answer.instances) rows.push_back(instance_json(row));
  return {{"maintenance", answer.maintenance},
          {"real_time", answer.real_time},
          {"unknown_virtual_router_ids", answer.unknown_vrid},
          {"instances", std::move(rows)},
          {"sync_groups", groups_json(answer)}};
}

void submit(Controller& controller, std::unique_ptr<vrrp::Command> command,
            const Respond& respond) {
  if (!controller.vrrp().submit(std::move(command)))
    respond(Error{"no VRRP instance; the file names none"});
}

}  // namespace

void vrrp_report(Controller& controller, const Json& arguments, const Respond& respond) {
  auto command = std::make_unique<vrrp::Command>();
  const std::string instance = text(arguments, "step_down");
  if (!instance.empty()) {
    command->kind = vrrp::Command::Kind::kStepDown;
    command->name = instance;
    command->done = [respond](vrrp::Command& answer) {
      if (!answer.error.empty()) return respond(Error{answer.error});
      respond(Json{{"ok", true}});
    };
  } else {
    command->done = [respond](vrrp::Command& answer) { respond(report_json(answer)); };
  }
  submit(controller, std::move(command), respond);
}

void maintenance(Controller& controller, const Json& arguments, const Respond& respond) {
  controller.vrrp().set_maintenance(flag(arguments, "on"), [respond] {
    respond(Json{{"ok", true}});
  });
}

}  // namespace lbd::api
