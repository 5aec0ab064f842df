// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "control/api/arguments.h"
#include "control/api/names.h"
#include "control/api/verbs.h"
#include "control/config/difference.h"

namespace lbd::api {
namespace {

int64_t seconds_until(Clock::time_point then) {
  const auto left = std::chrono::duration<double>(then - Clock::now()).count();
  return std::max<int64_t>(0, static_cast<int64_t>(std::ceil(left)));
}

const Override* override_of(const DesiredState& state, const Found& of) {
  const auto found = state.overrides.find({of.service->name, of.server->key});
  return found == state.overrides.end() ? nullptr : &found->second;
}

/// Without new connections because the sorry server has them.
bool withheld(const Found& of, const Override* said) {
  const auto& servers = of.service->servers;
  const bool sorry = std::any_of(servers.begin(), servers.end(),
                                 [](const RealServer& server) { return server.sorry; });
  const uint32_t wanted = said && said->weight ? *said->weight : of.server->configured_weight;
  return sorry && !of.service->has_quorum && wanted != 0;
}

/// "active", "down" (its checks failed), "quiesced" (weight 0 in the file, by `weight` or by an
/// exec check), "withheld" (the sorry server serves in its place), "drained" (by `drain`),
/// "removed"; of a sorry server "sorry" or "standby".
const char* state_of(const Found& of, const Override* said) {
  if (of.server->life == ServerLife::kPurging) return "purging";
  if (of.server->life == ServerLife::kRemoved) return "removed";
  if (said && said->drained) return "drained";
  if (!of.server->health.up) return "down";
  if (of.server->sorry) return of.service->has_quorum ? "standby" : "sorry";
  if (of.server->weight != 0) return "active";
  return withheld(of, said) ? "withheld" : "quiesced";
}

std::string down_reason(Controller& controller, const Found& of) {
  const auto* server = controller.health().find({of.service->name, of.server->key});
  std::string reason = "no check has succeeded yet";
  if (server != nullptr && !server->reason.empty()) reason = server->reason;
  if (of.server->inhibit_on_failure) reason += "; inhibited: what it has stays with it";
  return reason;
}

/// The weight's own makers: exec check, slow start, file.
std::string health_reason(const RealServer& server) {
  std::string reason;
  if (server.health.dynamic_weight)
    reason = "exec check: weight " + std::to_string(*server.health.dynamic_weight);
  else if (server.configured_weight == 0)
    return "weight 0 in the file";
  if (server.health.ramp_percent < 100)
    reason += (reason.empty() ? "" : ", ") + std::string("slow start: ") +
              std::to_string(server.health.ramp_percent) + "%";
  return reason;
}

/// Scaled weights are for schedulers; people see those of the file's measure.
uint32_t shown_weight(const Found& of) {
  const uint32_t scale = of.service->weight_scale;
  const uint32_t weight = (of.server->weight + scale / 2) / scale;
  return of.server->weight == 0 ? 0 : std::max(weight, 1u);
}

/// Why the weight is what it is, for people; empty where the file alone says it.
std::string reason_of(Controller& controller, const Found& of, const Override* said) {
  if (of.server->life == ServerLife::kPurging) return "removed, its last connections are being cut";
  if (of.server->life == ServerLife::kRemoved)
    return "removed, connections are cut in " +
           std::to_string(seconds_until(of.server->drain_until)) + " s";
  if (said && said->drained) return "override: drained";
  if (!of.server->health.up) return down_reason(controller, of);
  if (of.server->sorry)
    return of.service->has_quorum ? "sorry server, the quorum holds" : "sorry server, quorum lost";
  if (withheld(of, said)) return "quorum lost, the sorry server serves";
  if (!said || !said->weight) return health_reason(*of.server);
  std::string reason = "override: weight " + std::to_string(*said->weight);
  if (said->until) reason += ", " + std::to_string(seconds_until(*said->until)) + " s left";
  return reason;
}

Json next_hop_json(Controller& controller, NextHopId id) {
  if (id == kNoId) return nullptr;
  const NextHop hop = controller.dataplane().next_hops().get(id);
  Json json{{"state", state_name(hop.state)}};
  const PortTable& ports = controller.dataplane().ports();
  if (hop.state == NextHopState::kReachable) json["mac"] = hop.mac.to_string();
  if (hop.state != NextHopState::kNoRoute && hop.port < ports.count)
    json["port"] = ports[hop.port].name;
  return json;
}

Forwarding forwarding_of(Controller& controller, ServerId id) {
  const auto snapshot = controller.dataplane().publisher().current();
  return id < snapshot->targets.size() ? snapshot->targets[id].forwarding : Forwarding::kDr;
}

Json tunnel_json(const RealServer& server) {
  if (server.forwarding != Forwarding::kTun) return nullptr;
  Json json{{"type", config::to_text(server.tunnel.type)}};
  if (server.tunnel.type == TunnelType::kGue) json["port"] = server.tunnel.port;
  return json;
}

Json server_json(Controller& controller, const Found& of) {
  const RealServer& server = *of.server;
  const Override* said = override_of(controller.state(), of);
  const Traffic traffic = controller.statistics().of(server);
  return {{"address", server.key.address.to_string()},
          {"port", server.key.port ? Json(*server.key.port) : Json(nullptr)},
          {"key", server.key.to_string()},
          {"forwarding", config::to_text(forwarding_of(controller, server.id))},
          {"tunnel", tunnel_json(server)},
          {"weight", shown_weight(of)},
          {"configured_weight", server.configured_weight},
          {"state", state_of(of, said)},
          {"reason", reason_of(controller, of, said)},
          {"active_connections", traffic.active},
          {"inactive_connections", traffic.inactive},
          {"next_hop", next_hop_json(controller, server.next_hop)}};
}

Json service_json(Controller& controller, const VirtualService& service) {
  Json listen = Json::array();
  for (const config::Listen& each : service.listen) listen.push_back(each.to_string());
  Json servers = Json::array();
  uint64_t active = 0;
  uint64_t inactive = 0;
  for (const RealServer& server : service.servers) {
    servers.push_back(server_json(controller, {&service, &server}));
    active += servers.back()["active_connections"].get<uint64_t>();
    inactive += servers.back()["inactive_connections"].get<uint64_t>();
  }
  return {{"name", service.name},
          {"listen", std::move(listen)},
          {"protocol", protocol_name(static_cast<uint8_t>(service.protocol))},
          {"scheduler", name_of(service.scheduler)},
          {"forwarding", config::to_text(service.forwarding)},
          {"held", is_held(controller.state(), controller.dataplane().held_flags(), service)},
          {"removed", service.removed},
          {"quorum", service.has_quorum},
          {"active_connections", active},
          {"inactive_connections", inactive},
          {"real_servers", std::move(servers)}};
}

void add_traffic(Json& json, const Traffic& traffic) {
  json["connections"] = traffic.connections;
  json["packets_in"] = traffic.packets_in;
  json["packets_out"] = traffic.packets_out;
  json["bytes_in"] = traffic.bytes_in;
  json["bytes_out"] = traffic.bytes_out;
}

Json service_stats(Controller& controller, const VirtualService& service) {
  Json json{{"name", service.name},
            {"protocol", protocol_name(static_cast<uint8_t>(service.protocol))},
            {"listen", Json::array()}};
  for (const config::Listen& each : service.listen) json["listen"].push_back(each.to_string());
  add_traffic(json, controller.statistics().of(service));
  json["real_servers"] = Json::array();
  for (const RealServer& server : service.servers) {
    Json row{{"address", server.key.address.to_string()},
             {"port", server.key.port ? Json(*server.key.port) : Json(nullptr)}};
    add_traffic(row, controller.statistics().of(server));
    json["real_servers"].push_back(std::move(row));
  }
  return json;
}

/// All services, or the one that the arguments name, each by `describe`.
void list(Controller& controller, const Json& arguments, const Respond& respond,
          Json (*describe)(Controller&, const VirtualService&)) {
  const std::string name = text(arguments, "name");
  const DesiredState& state = controller.state();
  Json rows = Json::array();
  for (const ServiceId id : state.order)
    if (name.empty() || state.services[id]->name == name)
      rows.push_back(describe(controller, *state.services[id]));
  if (!name.empty() && rows.empty())
    return respond(Error{"no service \"" + name + "\"; lbctl services lists them"});
  respond(Json{{"services", std::move(rows)}});
}

}  // namespace

void services(Controller& controller, const Json& arguments, const Respond& respond) {
  list(controller, arguments, respond, service_json);
}

void stats(Controller& controller, const Json& arguments, const Respond& respond) {
  list(controller, arguments, respond, service_stats);
}

}  // namespace lbd::api
