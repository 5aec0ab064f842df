// SPDX-License-Identifier: Apache-2.0
#include "read_topology.h"

#include <algorithm>

namespace lbd::test {
namespace {

NextHopState read_state(const YAML::Node& node) {
  const auto text = read<std::string>(node, "reachable");
  if (text == "reachable") return NextHopState::kReachable;
  if (text == "incomplete") return NextHopState::kIncomplete;
  if (text == "failed") return NextHopState::kFailed;
  if (text == "no_route") return NextHopState::kNoRoute;
  if (text == "unused") return NextHopState::kUnused;
  throw BadCase(node, "no such state of a next hop");
}

NextHop read_hop(const YAML::Node& node, const Topology& topology) {
  return {read_mac(node["mac"]), read_port(node["port"], topology), read_state(node["state"])};
}

PortSpec read_port_spec(const std::string& name, const YAML::Node& node) {
  only(node, {"mac", "mtu", "link", "rss", "accepts", "tx_queues", "rx_queues", "addresses",
              "local_addresses"});
  PortSpec out;
  out.name = name;
  out.mac = read_mac(node["mac"]);
  out.mtu = read<uint16_t>(node["mtu"], 1500);
  out.link = read(node["link"], true);
  out.rss = read(node["rss"], false);
  out.accepts = read(node["accepts"], kUnlimited);
  out.tx_queues = read(node["tx_queues"], 0u);
  out.rx_queues = read(node["rx_queues"], 1u);
  for (const auto& address : node["addresses"]) out.addresses.push_back(read_address(address));
  for (const auto& address : node["local_addresses"])
    out.local_addresses.push_back(read_address(address));
  return out;
}

Forwarding read_forwarding(const YAML::Node& node) {
  const auto text = read<std::string>(node, "dr");
  if (text == "dr") return Forwarding::kDr;
  if (text == "local") return Forwarding::kLocal;
  if (text == "nat") return Forwarding::kNat;
  if (text == "tun") return Forwarding::kTun;
  if (text == "fullnat") return Forwarding::kFullnat;
  throw BadCase(node, "no such forwarding method");
}

Fate read_fate(const YAML::Node& node) {
  const auto text = read<std::string>(node, "served");
  if (text == "served") return Fate::kServed;
  if (text == "stale") return Fate::kStale;
  if (text == "reset") return Fate::kReset;
  if (text == "reschedule") return Fate::kReschedule;
  throw BadCase(node, "no such fate");
}

ServerSpec read_server(const std::string& name, const YAML::Node& node, const Topology& topology) {
  only(node, {"mac", "port", "state", "weight", "max", "min", "forwarding", "address", "real_port",
              "tunnel", "tunnel_port", "fate"});
  ServerSpec out;
  out.name = name;
  out.weight = read(node["weight"], 1u);
  out.thresholds = {read(node["max"], 0u), read(node["min"], 0u)};
  out.fate = read_fate(node["fate"]);
  out.forwarding = read_forwarding(node["forwarding"]);
  if (out.forwarding == Forwarding::kLocal) return out;
  const auto type = read<std::string>(node["tunnel"], "ipip");
  out.tunnel = type == "gre"   ? TunnelType::kGre
               : type == "gue" ? TunnelType::kGue
                               : TunnelType::kIpip;
  out.tunnel_port = read<uint16_t>(node["tunnel_port"], 6080);
  out.hop = read_hop(node, topology);
  if (node["address"]) out.address = read_address(node["address"]);
  out.real_port = read<uint16_t>(node["real_port"], 0);
  return out;
}

ServiceSpec read_service(const std::string& name, const YAML::Node& node,
                         const Topology& topology) {
  only(node, {"protocol", "scheduler", "fallback", "listen", "servers", "persistence", "limits",
              "one_packet", "client_address", "mss"});
  ServiceSpec out;
  out.name = name;
  const auto protocol = read<std::string>(node["protocol"], "tcp");
  out.protocol = protocol == "udp" ? 17 : protocol == "sctp" ? 132 : 6;
  const auto scheduler = read<std::string>(node["scheduler"], "rr");
  const auto kind = std::find(kSchedulerNames.begin(), kSchedulerNames.end(), scheduler);
  if (kind == kSchedulerNames.end()) throw BadCase(node["scheduler"], "no such scheduler");
  out.scheduler = static_cast<SchedulerKind>(kind - kSchedulerNames.begin());
  if (const YAML::Node persistence = node["persistence"]) {
    only(persistence, {"timeout", "prefix4", "keep_quiesced"});
    out.persistence.on = true;
    out.persistence.timeout = ticks_for_timeout(read_duration(persistence["timeout"]) / 1'000'000);
    out.persistence.prefix4 = read<uint8_t>(persistence["prefix4"], 32);
    out.persistence.keep_quiesced = read(persistence["keep_quiesced"], true);
  }
  if (const YAML::Node limits = node["limits"])
    out.limits = {read(limits["service"], 0u), read(limits["client"], 0u)};
  out.one_packet = read(node["one_packet"], false);
  const auto told = read<std::string>(node["client_address"], "none");
  if (told != "none" && told != "toa" && told != "proxy-v2")
    throw BadCase(node["client_address"], "client_address is none, toa or proxy-v2");
  out.client_address = told == "toa"    ? ClientAddress::kToa
                       : told == "none" ? ClientAddress::kNone
                                        : ClientAddress::kProxyV2;
  const auto mss = read<std::string>(node["mss"], "auto");
  if (mss == "off") out.mss.kind = MssPolicy::Kind::kOff;
  if (mss != "off" && mss != "auto")
    out.mss = {MssPolicy::Kind::kFixed, read<uint16_t>(node["mss"], 0)};
  out.scheduler_options.fallback = read(node["fallback"], false);
  for (const auto& listen : node["listen"]) {
    const auto endpoint = Endpoint::parse(listen.as<std::string>());
    if (!endpoint) throw BadCase(listen, "not an endpoint");
    out.listens.push_back(*endpoint);
  }
  for (const auto& item : node["servers"]) {
    out.servers.push_back(read_server(item.first.as<std::string>(), item.second, topology));
  }
  return out;
}

void read_timeouts(const YAML::Node& node, TimeoutsMs& out) {
  if (!node) return;
  only(node, {"established", "syn_recv", "fin", "close", "udp"});
  const auto set = [&node](const char* key, uint64_t& value) {
    if (node[key]) value = read_duration(node[key]) / 1'000'000;
  };
  set("established", out.established);
  set("syn_recv", out.syn_recv);
  set("fin", out.fin);
  set("close", out.close);
  set("udp", out.udp);
}

void read_fragments(const YAML::Node& node, FragmentLimits& out) {
  if (!node) return;
  only(node, {"datagrams", "held", "held_bytes", "timeout"});
  out.datagrams = read(node["datagrams"], out.datagrams);
  out.held = read(node["held"], out.held);
  out.held_bytes = read(node["held_bytes"], out.held_bytes);
  if (node["timeout"]) out.timeout = ticks_for_timeout(read_duration(node["timeout"]) / 1'000'000);
}

RouteSpec read_route(const std::string& to, const YAML::Node& node, const Topology& topology) {
  only(node, {"via", "port"});
  RouteSpec out;
  const auto prefix = Prefix::parse(to);
  if (!prefix) throw BadCase(node, "not a prefix");
  out.to = *prefix;
  out.port = read_port(node["port"], topology);
  for (const auto& gateway : node["via"]) {
    out.via.push_back(gateway.as<std::string>());
    if (!topology.gateways.contains(out.via.back())) throw BadCase(gateway, "no such gateway");
  }
  return out;
}

void read_ways(const YAML::Node& node, Topology& out) {
  for (const auto& item : node["gateways"])
    out.gateways[item.first.as<std::string>()] = read_hop(item.second, out);
  for (const auto& item : node["neighbours"])
    out.neighbours[read_address(item.first)] = read_hop(item.second, out);
  for (const auto& item : node["routes"])
    out.routes.push_back(read_route(item.first.as<std::string>(), item.second, out));
}

}  // namespace

PortIndex read_port(const YAML::Node& name, const Topology& topology) {
  const auto text = read<std::string>(name, "");
  for (size_t i = 0; i < topology.ports.size(); ++i)
    if (topology.ports[i].name == text) return static_cast<PortIndex>(i);
  throw BadCase(name, "no such port");
}

Topology read_topology(const YAML::Node& node) {
  only(node,
       {"workers", "max_connections", "half_open_quota", "sloppy_tcp", "timeouts", "ports",
        "services", "local_ports", "gateways", "neighbours", "routes", "punt_ring", "hand_off_ring",
        "notice_ring", "reply_buffers", "virtual_addresses", "silent", "fragments", "note_queue"});
  Topology out;
  out.workers = read(node["workers"], out.workers);
  out.max_connections = read(node["max_connections"], out.max_connections);
  out.sloppy_tcp = read(node["sloppy_tcp"], false);
  out.half_open_quota = read(node["half_open_quota"], out.half_open_quota);
  read_timeouts(node["timeouts"], out.timeouts);
  read_fragments(node["fragments"], out.fragments);
  for (const auto& item : node["ports"])
    out.ports.push_back(read_port_spec(item.first.as<std::string>(), item.second));
  for (const auto& item : node["services"])
    out.services.push_back(read_service(item.first.as<std::string>(), item.second, out));
  for (const auto& item : node["local_ports"])
    out.local_ports[read_address(item.first)] = item.second.as<std::vector<uint16_t>>();
  for (const auto& item : node["virtual_addresses"])
    out.virtual_addresses[read_address(item.first)] = item.second.as<bool>();
  for (const auto& item : node["silent"]) out.silent.push_back(read_address(item));
  read_ways(node, out);
  out.punt_ring = read(node["punt_ring"], kUnlimited);
  out.notice_ring = read(node["notice_ring"], kUnlimited);
  out.hand_off_ring = read(node["hand_off_ring"], kUnlimited);
  out.note_queue = read(node["note_queue"], kUnlimited);
  out.reply_buffers = read(node["reply_buffers"], kUnlimited);
  return out;
}

}  // namespace lbd::test
