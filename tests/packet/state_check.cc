// SPDX-License-Identifier: Apache-2.0
#include "state_check.h"

#include <spdlog/fmt/fmt.h>

#include "read_packet.h"

namespace lbd::test {
namespace {

void equal(Step& step, const std::string& what, const auto& got, const auto& wanted) {
  if (got != wanted)
    step.failures.push_back(fmt::format("{}: {}; expected: {}", what, got, wanted));
}

void check_connection(Step& step, const YAML::Node& node) {
  only(node, {"v6", "udp", "sctp", "from", "to", "state", "server", "worker", "gone", "expires"});
  const Ends ends = read_ends(node);
  const uint8_t protocol = node["udp"] ? 17 : node["sctp"] ? 132 : 6;
  const FlowKey key = FlowKey::make(ends.from, ends.to, protocol);
  const auto found = step.director.find(key);
  const std::string name = "connection of " + ends.from.to_string();
  equal(step, name + " is there", found.has_value(), !read(node["gone"], false));
  if (!found || node["gone"]) return;
  const Connection& connection = *found->connection;
  if (node["state"])
    equal(step, name, std::string(state_name(connection.state)), node["state"].as<std::string>());
  if (node["server"])
    equal(step, name, step.director.names().server_name(connection.server),
          node["server"].as<std::string>());
  if (node["worker"])
    equal(step, name + ": worker", unsigned{found->worker}, node["worker"].as<unsigned>());
  if (node["expires"]) {
    // Ticks round up: by less than two of them.
    const uint64_t ms = step.director.worker(found->worker).connections.expires_ms(connection);
    const uint64_t wanted = read_duration(node["expires"]) / 1'000'000;
    if (ms < wanted || ms > wanted + 2 * kTickMs)
      step.failures.push_back(fmt::format("{} expires in {} ms", name, ms));
  }
}

void check_server(Step& step, const std::string& name, const YAML::Node& node) {
  only(node, {"active", "inactive", "connections", "packets", "bytes", "packets_out", "bytes_out",
              "exact_active", "exact_inactive"});
  const ServerId id = step.director.names().find_server(name);
  if (id == kNoId) throw BadCase(node, "no such real server");
  const auto total = [&step, id](Counter ServerCounters::*counter) {
    uint64_t sum = 0;
    for (unsigned i = 0; i < step.director.workers(); ++i)
      sum += (step.director.worker(static_cast<WorkerIndex>(i)).servers[id].*counter).get();
    return sum;
  };
  const uint64_t exact = step.director.exact(id);
  const auto check = [&](const char* key, uint64_t got) {
    if (node[key]) equal(step, name + ": " + key, got, node[key].as<uint64_t>());
  };
  check("active", total(&ServerCounters::active));
  check("inactive", total(&ServerCounters::inactive));
  check("connections", total(&ServerCounters::connections));
  check("packets", total(&ServerCounters::packets_in));
  check("bytes", total(&ServerCounters::bytes_in));
  check("packets_out", total(&ServerCounters::packets_out));
  check("bytes_out", total(&ServerCounters::bytes_out));
  check("exact_active", active_of(exact));
  check("exact_inactive", inactive_of(exact));
}

/// `ports: {lan: {forwarded: 3}}`: since the beginning, all workers.
void check_ports(Step& step, const YAML::Node& node) {
  for (const auto& item : node) {
    const PortIndex port = read_port(item.first, step.director.topology());
    for (const auto& count : item.second) {
      const auto name = count.first.as<std::string>();
      const auto verdict = static_cast<unsigned>(read_verdict(name, count.first));
      uint64_t got = 0;
      for (unsigned i = 0; i < step.director.workers(); ++i)
        got += step.director.worker(static_cast<WorkerIndex>(i))
                   .counters.ports[port]
                   .verdicts[verdict]
                   .get();
      equal(step, item.first.as<std::string>() + ": " + name, got, count.second.as<uint64_t>());
    }
  }
}

}  // namespace

void check_state(Step& step, const YAML::Node& expect) {
  if (expect["held"]) equal(step, "held", step.after.held, expect["held"].as<uint64_t>());
  if (expect["connections"]) {
    uint64_t count = 0;
    for (unsigned i = 0; i < step.director.workers(); ++i)
      count += step.director.worker(static_cast<WorkerIndex>(i)).counters.connections.get();
    equal(step, "connections", count, expect["connections"].as<uint64_t>());
  }
  const YAML::Node connection = expect["connection"];
  if (connection && connection.IsSequence()) {
    for (const auto& one : connection) check_connection(step, one);
  } else if (connection) {
    check_connection(step, connection);
  }
  for (const auto& item : expect["servers"])
    check_server(step, item.first.as<std::string>(), item.second);
  check_ports(step, expect["ports"]);
  if (!expect["neighbour_requests"]) return;
  std::vector<std::string> got;
  for (const NeighbourRequest& request : step.director.record().neighbour_requests)
    got.push_back(request.address.to_string());
  equal(step, "neighbours asked for", fmt::format("{}", fmt::join(got, " ")),
        fmt::format("{}",
                    fmt::join(expect["neighbour_requests"].as<std::vector<std::string>>(), " ")));
}

}  // namespace lbd::test
