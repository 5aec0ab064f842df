// SPDX-License-Identifier: Apache-2.0
#include "control/config/difference.h"

#include <gtest/gtest.h>

#include <functional>

#include "rows.h"

namespace lbd::config {
namespace {

const std::string kText =
    "lbd: {name: lb1}\n"
    "dataplane: {worker_cores: [1, 2]}\n"
    "ports:\n"
    "- {name: p0, device: \"af_xdp:e0\", addresses: [10.0.0.1/24, \"2001:db8::1/64\"]}\n"
    "- {name: p1, device: \"af_xdp:e1\"}\n"
    "routes: [{to: default, via: 10.0.0.254}]\n"
    "services:\n"
    "- {name: web, listen: [\"10.0.0.80:80\"], forwarding: dr, scheduler: wrr, local_ports: [22],\n"
    "   real_servers: [{address: 10.0.0.2}, {address: \"10.0.0.3:80\", weight: 2}]}\n";

/// kText with `before` replaced.
std::string edited(const std::string& before, const std::string& after) {
  std::string text = kText;
  const size_t at = text.find(before);
  EXPECT_NE(at, std::string::npos) << before;
  return at == std::string::npos ? text : text.replace(at, before.size(), after);
}

Config load(const std::string& text) {
  LoadResult result = load_text(text, "f.yaml");
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : describe(result.errors()));
  return result.ok() ? std::move(result).config() : Config{};
}

std::string changes(const std::string& text) {
  std::string out;
  for (const std::string& line : difference(load(kText), load(text))) out += line + "\n";
  return out;
}

std::string refusals(const std::string& text) {
  return describe(unchangeable(load(kText), load(text)));
}

TEST(Difference, nothing) {
  EXPECT_EQ(changes(kText), "");
  EXPECT_EQ(changes("# a comment\n\n" + kText), "");
}

TEST(Difference, client_address) {
  const auto text = [](const std::string& told) {
    return "ports: [{name: p, device: \"af_xdp:e0\", addresses: [10.0.0.1/24], local_addresses: "
           "[10.0.0.9]}]\n"
           "services: [{name: web, listen: [\"10.0.0.80:80\"], forwarding: fullnat" +
           told + "}]\n";
  };
  EXPECT_EQ(difference(load(text("")), load(text(", client_address: proxy-v2"))),
            std::vector<std::string>{"service web: client_address none -> proxy-v2"});
  EXPECT_EQ(difference(load(text(", client_address: toa")), load(text(", client_address: none"))),
            std::vector<std::string>{"service web: client_address toa -> none"});
}

TEST(Difference, what_a_reload_changes) {
  struct Case {
    std::string before, after, lines;
  };
  for (const Case& test : {
           Case{"name: lb1", "name: lb2", "lbd: name lb1 -> lb2\n"},
           Case{"name: lb1", "name: lb1, log: {level: debug, format: json}",
                "lbd: log level info -> debug\nlbd: log format text -> json\n"},
           Case{"10.0.0.1/24, ", "10.0.0.9/24, ",
                "port p0: address 10.0.0.1/24: removed\nport p0: address 10.0.0.9/24: added\n"},
           Case{"via: 10.0.0.254", "via: 10.0.0.253, port: p0, metric: 5",
                "route 0.0.0.0/0 via 10.0.0.254: removed\n"
                "route 0.0.0.0/0 via 10.0.0.253 port p0 metric 5: added\n"},
           Case{"name: web", "name: api", "service web: removed\nservice api: added\n"},
           Case{"scheduler: wrr", "scheduler: lc", "service web: scheduler wrr -> lc\n"},
           Case{"scheduler: wrr", "scheduler: mh, scheduler_flags: [mh-port], mh_table_size: 251",
                "service web: scheduler wrr -> mh\n"
                "service web: scheduler_flags none -> mh-port\n"
                "service web: mh_table_size 4093 -> 251\n"},
           Case{"scheduler: wrr", "scheduler: wrr, protocol: udp",
                "service web: protocol tcp -> udp\n"
                "service web: on_down keep -> reschedule\n"},
           Case{"scheduler: wrr",
                "scheduler: wrr, sorry_server: 10.0.0.9, on_quorum_lost: reschedule, "
                "on_down: reset, on_removal: reset",
                "service web: on_quorum_lost keep -> reschedule\n"
                "service web: on_down keep -> reset\n"
                "service web: on_removal drain -> reset\n"
                "service web: sorry server none -> 10.0.0.9\n"},
           Case{"{address: 10.0.0.2}", "{address: 10.0.0.2, inhibit_on_failure: true}",
                "service web: real server 10.0.0.2: inhibit_on_failure true\n"},
           Case{"scheduler: wrr", "scheduler: wrr, drain_timeout: 10s",
                "service web: drain_timeout 5m -> 10s\n"},
           Case{"[\"10.0.0.80:80\"]", "[\"10.0.0.80:80\", \"10.0.0.81:80\"]",
                "service web: listen 10.0.0.81:80: added\n"},
           Case{"[22]", "[179]",
                "service web: local port 22: removed\n"
                "service web: local port 179: added\n"},
           Case{"{address: 10.0.0.2}", "{address: 10.0.0.2, weight: 3}",
                "service web: real server 10.0.0.2: weight 1 -> 3\n"},
           Case{"{address: 10.0.0.2}, ", "", "service web: real server 10.0.0.2: removed\n"},
           Case{"{address: 10.0.0.2}", "{address: 10.0.0.4}",
                "service web: real server 10.0.0.2: removed\n"
                "service web: real server 10.0.0.4: added\n"},
       })
    EXPECT_EQ(changes(edited(test.before, test.after)), test.lines);
}

TEST(Difference, what_takes_a_restart) {
  const std::string end = ": cannot change on reload; restart lbd\n";
  struct Case {
    std::string before, after, path;
  };
  for (const Case& test : {
           Case{"lbd: {", "lbd: {socket: /tmp/s, ", "f.yaml:1:6: lbd.socket"},
           Case{"[1, 2]", "[1]", "f.yaml:2:12: dataplane.worker_cores"},
           Case{"[1, 2]", "[1, 2], control_core: 3", "f.yaml:2:12: dataplane.control_core"},
           Case{"[1, 2]", "[1, 2], hugepages: false", "f.yaml:2:12: dataplane.hugepages"},
           Case{"[1, 2]", "[1, 2], memory: 1GiB", "f.yaml:2:12: dataplane.memory"},
           Case{"[1, 2]", "[1, 2], max_connections: 2000",
                "f.yaml:2:12: dataplane.max_connections"},
           Case{"[1, 2]", "[1, 2], half_open_share: 9%", "f.yaml:2:12: dataplane.half_open_share"},
           Case{"[1, 2]", "[1, 2], idle: sleep", "f.yaml:2:12: dataplane.idle"},
           Case{"[1, 2]", "[1, 2], steering: software", "f.yaml:2:12: dataplane.steering"},
           Case{"[1, 2]", "[1, 2], rss: {key: " + std::string(80, '1') + "}",
                "f.yaml:2:12: dataplane.rss.key"},
           Case{"[1, 2]", "[1, 2], rss: {table_size: 64}", "f.yaml:2:12: dataplane.rss.table_size"},
           Case{"[1, 2]", "[1, 2], eal_args: [--x]", "f.yaml:2:12: dataplane.eal_args"},
           Case{"[1, 2]", "[1, 2], timeouts: {udp: 1s}", "f.yaml:2:12: dataplane.timeouts"},
           Case{"name: p1", "name: p1, mtu: 9000", "f.yaml:5:3: port p1: mtu"},
           Case{"name: p1", "name: p1, queues: 2", "f.yaml:5:3: port p1: queues"},
           Case{"name: p1", "name: p1, rx_descriptors: 64", "f.yaml:5:3: port p1: rx_descriptors"},
           Case{"name: p1", "name: p1, tx_descriptors: 64", "f.yaml:5:3: port p1: tx_descriptors"},
           Case{"name: p1", "name: p1, promiscuous: true", "f.yaml:5:3: port p1: promiscuous"},
           Case{"af_xdp:e1", "af_xdp:e2", "f.yaml:5:3: port p1: device"},
           Case{"af_xdp:e1", "af_packet:e1", "f.yaml:5:3: port p1: device"},
           Case{"- {name: p1, device: \"af_xdp:e1\"}\n", "", "f.yaml: port p1: removed"},
           Case{"routes:", "- {name: p2, device: \"af_xdp:e2\"}\nroutes:",
                "f.yaml:6:3: port p2: added"},
       })
    EXPECT_EQ(refusals(edited(test.before, test.after)), test.path + end);
}

TEST(Difference, what_a_reload_may_change_is_not_refused) {
  EXPECT_EQ(refusals("\n" + kText), "");
  EXPECT_EQ(refusals(edited("name: lb1", "name: lb2, log: {level: debug}")), "");
  EXPECT_EQ(refusals(edited("10.0.0.1/24", "10.0.0.9/24")), "");
  EXPECT_EQ(refusals(edited("10.0.0.254", "10.0.0.253")), "");
  EXPECT_EQ(refusals(edited("name: web", "name: api")), "");
}

}  // namespace
}  // namespace lbd::config
