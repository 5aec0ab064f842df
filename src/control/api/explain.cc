// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "common/wire.h"
#include "control/api/arguments.h"
#include "control/api/foresee.h"
#include "control/api/names.h"
#include "control/api/verbs.h"
#include "control/config/difference.h"
#include "dataplane/forward/nat64.h"
#include "dataplane/forward/tunnel.h"

// What would become of a packet, told from what control knows: the snapshot, the owner function,
// the next hops, and the owner's connection table, which is asked by a message. Nothing is sent.
namespace lbd::api {
namespace {

unsigned header_bytes(const IpAddress& address) {
  return address.is_v4() ? sizeof(wire::Ipv4) : sizeof(wire::Ipv6);
}

/// Rows asked for at once: a client's port has few connections, one for each service.
constexpr size_t kRows = 64;

struct Flow {
  Endpoint client;
  Endpoint destination;
  uint8_t protocol = 6;
  int64_t size = 0;  // of the IP packet in bytes; 0: not asked
};

struct Explanation : std::enable_shared_from_this<Explanation> {
  Explanation(Controller& of, Flow what, Respond answer)
      : controller(of), flow(what), respond(std::move(answer)) {}

  void begin();
  void ask(uint32_t cursor);
  void answered(WorkerRequest& request);
  void existing(const ConnectionRow& row);
  void fresh();
  Json way_to(const RealServer& server) const;
  void forward_to(const RealServer& server);
  FlowKey key() const { return FlowKey::make(flow.client, flow.destination, flow.protocol); }
  void not_balanced();

  Controller& controller;
  const Flow flow;
  const Respond respond;
  WorkerIndex worker = 0;
  std::shared_ptr<const Snapshot> snapshot;
  const Service* service = nullptr;
  Json json;
};

void Explanation::begin() {
  Dataplane& dataplane = controller.dataplane();
  snapshot = dataplane.publisher().current();
  worker = dataplane.owner(flow.client.address, flow.client.port, flow.destination.address,
                           flow.destination.port, flow.protocol);
  service = snapshot->listens.find(flow.destination.address, flow.destination.port, flow.protocol);
  json = {{"service", service ? Json(service->name) : Json(nullptr)},
          {"server", nullptr},
          {"reason", ""},
          {"rewrite", nullptr},
          {"next_hop", nullptr},
          {"worker", worker}};
  const AddressTable::Entry* address = snapshot->addresses.find(flow.destination.address);
  if (address != nullptr && !dataplane.held_flags().held(address->vip)) {
    json["reason"] = "dropped as vip_not_held: the VRRP instance of " +
                     flow.destination.address.to_string() + " is not master here";
    return respond(std::move(json));
  }
  ask(0);
}

void Explanation::ask(uint32_t cursor) {
  auto request = std::make_unique<WorkerRequest>();
  request->kind = WorkerRequest::Kind::kDumpConnections;
  request->filter.client = flow.client.address;
  request->filter.client_port = flow.client.port;
  request->cursor = cursor;
  request->rows.reserve(kRows);
  controller.mailbox().post(
      worker, std::move(request),
      [self = shared_from_this()](WorkerRequest& done) { self->answered(done); });
}

void Explanation::answered(WorkerRequest& request) {
  for (const ConnectionRow& row : request.rows) {
    if (row.protocol == flow.protocol && row.virtual_address == flow.destination.address &&
        row.virtual_port == flow.destination.port)
      return existing(row);
  }
  if (request.cursor != kNoId) return ask(request.cursor);
  service ? fresh() : not_balanced();
}

/// A connection that is there: it decides, whatever has become of weights and services.
void Explanation::existing(const ConnectionRow& row) {
  const DesiredState& state = controller.state();
  if (row.service < state.services.size() && state.services[row.service])
    json["service"] = state.services[row.service]->name;
  json["reason"] = "worker " + std::to_string(worker) + " has this connection, " +
                   std::string(lbd::state_name(row.state)) + ", for another " +
                   std::to_string(row.expires_ms / 1000) + " s";
  if (const RealServer* server = state.server(row.server)) forward_to(*server);
  respond(std::move(json));
}

std::string name_of(const DesiredState& state, ServerId id) {
  const RealServer* server = state.server(id);
  return server ? server->key.to_string() : "?";
}

void Explanation::fresh() {
  const DesiredState& state = controller.state();
  json["candidates"] = Json::array();
  bool any = false;
  for (const Candidate& candidate : service->candidates) {
    if (candidate.weight == 0) continue;
    any = true;
    const RealServer* server = state.server(candidate.server);
    Json row = server ? way_to(*server) : Json::object();
    row["server"] = name_of(state, candidate.server);
    row["weight"] = candidate.weight;
    json["candidates"].push_back(std::move(row));
  }
  if (!any) {
    json["reason"] = flow.protocol == 6
                         ? "no real server has a weight above 0; the client gets a reset"
                         : "no real server has a weight above 0; the client gets port unreachable";
    return respond(std::move(json));
  }
  const Choice choice = foresee(*service, key(), controller.dataplane().exact_counts());
  json["reason"] = choice.reason;
  if (choice.server == nullptr) return respond(std::move(json));
  if (const RealServer* server = state.server(choice.server->server)) forward_to(*server);
  respond(std::move(json));
}

/// Next hop and rewriting for packets to a real server, and whether they fit, if that was asked.
Json Explanation::way_to(const RealServer& server) const {
  if (server.id < snapshot->targets.size() &&
      snapshot->targets[server.id].forwarding == Forwarding::kLocal)
    return {{"next_hop", nullptr}, {"rewrite", "local: as it is, to the kernel"}};
  const NextHop hop = controller.dataplane().next_hops().get(server.next_hop);
  const PortTable& ports = controller.dataplane().ports();
  const bool has_port = hop.state != NextHopState::kNoRoute && hop.port < ports.count;
  const bool reachable = hop.state == NextHopState::kReachable;
  Json way;
  way["next_hop"] = {{"state", state_name(hop.state)},
                     {"mac", reachable ? Json(hop.mac.to_string()) : Json(nullptr)},
                     {"port", has_port ? Json(ports[hop.port].name) : Json(nullptr)}};
  const std::string mac = reachable ? hop.mac.to_string() : "the server's, once known";
  const Endpoint to{server.key.address, server.key.port.value_or(flow.destination.port)};
  uint32_t mtu = has_port ? ports[hop.port].mtu : 0;
  if (server.forwarding == Forwarding::kTun) {
    way["rewrite"] = "tun " + config::to_text(server.tunnel.type) + ": TTL - 1, in a packet to " +
                     server.key.address.to_string();
    mtu = tunnel_mtu(*snapshot->tunnels[server.id], flow.client.address.family(), mtu, 0);
  } else if (server.forwarding == Forwarding::kDr) {
    way["rewrite"] = "dr: destination MAC " + mac + ", TTL - 1";
  } else {
    const bool crosses = to.address.family() != flow.client.address.family();
    const std::string version = to.address.is_v4() ? " by IPv4" : " by IPv6";
    way["rewrite"] = config::to_text(server.forwarding) + ": destination " + to.to_string() +
                     (crosses ? version : "") + ", MAC " + mac + ", TTL - 1; replies: source " +
                     flow.destination.to_string();
    if (crosses)
      mtu = mtu_before(static_cast<uint16_t>(mtu), header_bytes(flow.client.address),
                       header_bytes(to.address));
  }
  if (flow.size == 0 || !has_port) return way;
  way["mtu"] = mtu;
  way["fits"] = flow.size <= mtu;
  return way;
}

void Explanation::forward_to(const RealServer& server) {
  json.update(way_to(server));
  json["server"] =
      Endpoint{server.key.address, server.key.port.value_or(flow.destination.port)}.to_string();
  if (json.value("fits", true)) return;
  json["reason"] = json["reason"].get<std::string>() + "; but " + std::to_string(flow.size) +
                   " bytes are more than the MTU of " + std::to_string(json["mtu"].get<int>()) +
                   ": dropped as mtu_exceeded, the sender is told";
}

void Explanation::not_balanced() {
  const AddressTable::Entry* address = snapshot->addresses.find(flow.destination.address);
  if (!address) {
    json["reason"] =
        "no address of this director: to the kernel, which routes it if ip_forward is set";
  } else if (address->kind == AddressKind::kLocal) {
    json["reason"] = "an address of this director that no service listens on: to the kernel";
  } else if (std::count(address->local_ports.begin(), address->local_ports.end(),
                        flow.destination.port)) {
    json["reason"] = "local_ports names this port: to the kernel";
  } else {
    json["reason"] =
        "a service has this address, but none this port and protocol: dropped as "
        "not_listening";
  }
  respond(std::move(json));
}

Result<Flow> read_flow(const Json& arguments) {
  Flow flow;
  const auto client = Endpoint::parse(text(arguments, "client"));
  if (!client) return Error{"CLIENT must be address:port"};
  const auto destination = Endpoint::parse(text(arguments, "virtual"));
  if (!destination) return Error{"VIP must be address:port"};
  if (client->address.family() != destination->address.family())
    return Error{"client and VIP are of different families; name two IPv4 or two IPv6 addresses"};
  flow.client = *client;
  flow.destination = *destination;
  const std::string protocol = argument<std::string>(arguments, "protocol").value_or("tcp");
  if (protocol != "tcp" && protocol != "udp" && protocol != "sctp")
    return Error{"the protocol must be tcp, udp or sctp"};
  flow.protocol = protocol == "tcp" ? 6 : protocol == "udp" ? 17 : 132;
  flow.size = argument<int64_t>(arguments, "size").value_or(0);
  if (flow.size < 0 || flow.size > 65535) return Error{"--size takes 1..65535 bytes"};
  return flow;
}

}  // namespace

void explain(Controller& controller, const Json& arguments, const Respond& respond) {
  const Result<Flow> flow = read_flow(arguments);
  if (!flow) return respond(flow.error());
  std::make_shared<Explanation>(controller, flow.value(), respond)->begin();
}

}  // namespace lbd::api
