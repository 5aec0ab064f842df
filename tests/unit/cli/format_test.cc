// SPDX-License-Identifier: Apache-2.0
#include "cli/format.h"

#include <gtest/gtest.h>

namespace lbd::cli {
namespace {

const Json kServices = Json::parse(R"({"services":[
  {"name":"web","listen":["10.0.0.1:80"],"protocol":"tcp","scheduler":"wrr","forwarding":"dr",
   "held":true,"removed":false,"real_servers":[
    {"address":"10.0.0.11","port":null,"forwarding":"dr","weight":2,"configured_weight":2,
     "state":"active","reason":"","active_connections":3,"inactive_connections":4},
    {"address":"10.0.0.12","port":8080,"forwarding":"dr","weight":0,"configured_weight":1,
     "state":"drained","reason":"override: drained","active_connections":0,
     "inactive_connections":1}]},
  {"name":"old","listen":["[2001:db8::1]:80","[2001:db8::1]:443"],"protocol":"udp",
   "scheduler":"rr","forwarding":"dr","held":true,"removed":true,"real_servers":[
    {"address":"2001:db8::9","port":null,"forwarding":"dr","weight":0,"configured_weight":1,
     "state":"removed","reason":"removed, connections are cut in 9 s","active_connections":0,
     "inactive_connections":0}]}]})");

TEST(Format, ServicesStandAsIpvsadmHasThem) {
  EXPECT_EQ(
      format_services(kServices),
      "Prot LocalAddress:Port Scheduler Flags\n"
      "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn State    File   Why\n"
      "TCP  10.0.0.1:80 wrr  (web)\n"
      "  -> 10.0.0.11:80                 Route   2      3          4         active   -\n"
      "  -> 10.0.0.12:8080               Route   0      0          1         drained  1      "
      "override: drained\n"
      "UDP  [2001:db8::1]:80 rr  (old, removed)\n"
      "UDP  [2001:db8::1]:443 rr  (old, removed)\n"
      "  -> 2001:db8::9                  Route   0      0          0         removed  1      "
      "removed, connections are cut in 9 s\n");
}

Json stats(uint64_t n) {
  Json traffic{{"connections", n},
               {"packets_in", 10 * n},
               {"packets_out", 0},
               {"bytes_in", 1000 * n},
               {"bytes_out", 0}};
  Json server{{"address", "10.0.0.11"}, {"port", nullptr}};
  server.update(traffic);
  Json service{{"name", "web"}, {"protocol", "tcp"}, {"listen", {"10.0.0.1:80"}}};
  service.update(traffic);
  service["real_servers"] = Json::array({server});
  return {{"services", Json::array({service})}};
}

TEST(Format, StatsStandAsIpvsadmHasThem) {
  EXPECT_EQ(format_stats(stats(7)),
            "Prot LocalAddress:Port              Conns   InPkts  OutPkts  InBytes OutBytes\n"
            "  -> RemoteAddress:Port\n"
            "TCP  10.0.0.1:80                        7       70        0     7000        0\n"
            "  -> 10.0.0.11:80                       7       70        0     7000        0\n");
}

TEST(Rates, AreDifferencesPerSecond) {
  const Json rate = rates(stats(100), stats(300), 2.0);
  EXPECT_EQ(rate["services"][0]["connections"], 100u);
  EXPECT_EQ(rate["services"][0]["real_servers"][0]["bytes_in"], 100'000u);
  EXPECT_NE(format_rates(rate).find("CPS"), std::string::npos);
}

TEST(Rates, LeaveOutWhatWasNotThere) {
  EXPECT_TRUE(rates({{"services", Json::array()}}, stats(5), 1.0)["services"].empty());
  // Started anew meanwhile: what it had since.
  EXPECT_EQ(rates(stats(9), stats(5), 1.0)["services"][0]["connections"], 5u);
}

TEST(Format, ConnectionsStandAsIpvsadmHasThem) {
  const Json page = Json::parse(R"({"next":null,"connections":[
    {"protocol":"tcp","client":"10.0.0.9:4000","virtual":"10.0.0.1:80","server":"10.0.0.11:80",
     "local":null,"state":"ESTABLISHED","expires_s":898,"worker":0}]})");
  EXPECT_EQ(format_connections(page, true),
            "pro expire state       source                 virtual                destination\n"
            "TCP 14:58  ESTABLISHED 10.0.0.9:4000          10.0.0.1:80            10.0.0.11:80\n");
  EXPECT_EQ(format_connections(page, false).find("source"), std::string::npos);
}

TEST(Format, CountersLeaveOutNoughts) {
  const Json result = Json::parse(R"({"received":5,"handed_in":0,"from_tap":0,"own":0,"held":0,
    "verdicts":{"forwarded":5,"martian":0},"events":{"connection_created":1},
    "workers":[{"worker":0,"received":5,"handed_in":0,"from_tap":0,"own":0,"held":0,
      "verdicts":{"forwarded":5,"martian":0},"events":{"connection_created":1}}],"ports":[]})");
  const std::string text = format_counters(result);
  EXPECT_NE(text.find("forwarded"), std::string::npos);
  EXPECT_EQ(text.find("martian"), std::string::npos);
  EXPECT_NE(text.find("worker 0"), std::string::npos);
}

TEST(Format, RoutesShowEveryWay) {
  const Json result = Json::parse(R"({"routes":[
    {"to":"0.0.0.0/0","next_hops":[{"port":"wan0","via":"10.0.0.1"},{"port":"lan0","via":null}],
     "metric":5,"protocol":"bgp"},
    {"to":"10.9.0.0/16","next_hops":[],"metric":0,"protocol":"static"}]})");
  EXPECT_EQ(format_routes(result),
            "to           via          port  metric  protocol\n"
            "0.0.0.0/0    10.0.0.1     wan0       5  bgp\n"
            "             on-link      lan0\n"
            "10.9.0.0/16  unreachable             0  static\n");
}

TEST(Format, ExplainNamesWhatIsThere) {
  const Json result = Json::parse(R"({"service":"web","server":null,"reason":"rr","rewrite":null,
    "next_hop":null,"worker":1,"candidates":[{"server":"10.0.0.11","weight":2}]})");
  const std::string text = format_explain(result);
  EXPECT_NE(text.find("service:  web"), std::string::npos);
  EXPECT_NE(text.find("server:   -"), std::string::npos);
  EXPECT_NE(text.find("candidate 10.0.0.11, weight 2"), std::string::npos);
}

TEST(Format, VrrpHasARowAndWhatIsWorthSaying) {
  const Json result = Json::parse(R"({"maintenance":false,"sync_groups":[],"instances":[
    {"name":"VI_1","interface":"wan0","virtual_router_id":51,"state":"MASTER","since_s":252,
     "reason":"the master is silent","priority":100,"effective_priority":70,
     "priority_reason":"service web is down: -30","master":"192.0.2.11","two_masters":0,
     "virtual_addresses":["192.0.2.20/32"],"virtual_mac":"00:00:5e:00:01:33",
     "advertisements_sent":2520,"advertisements_received":0,"errors":{"ttl":2,"length":0}}]})");
  EXPECT_EQ(
      format_vrrp(result),
      "instance  link  id  state   since     priority     master      sent  received  addresses\n"
      "VI_1      wan0  51  MASTER  00:04:12  70 (of 100)  192.0.2.11  2520         0  "
      "192.0.2.20/32\n"
      "  VI_1: the master is silent\n"
      "  VI_1: virtual MAC address 00:00:5e:00:01:33\n"
      "  VI_1: priority: service web is down: -30\n"
      "  VI_1: refused advertisements: ttl 2\n");
}

TEST(Format, ReloadSaysWhatItDid) {
  Command command;
  command.verb = "reload";
  const Json changed{{"generation", 4}, {"changes", {"service web: added"}}};
  EXPECT_EQ(format(command, changed), "service web: added\ngeneration 4\n");
  const Json same{{"generation", 3}, {"changes", Json::array()}};
  EXPECT_EQ(format(command, same), "nothing changed\ngeneration 3\n");
  command.arguments["dry_run"] = true;
  EXPECT_EQ(format(command, changed), "service web: added\n");
  EXPECT_EQ(format(command, same), "nothing would change\n");
}

}  // namespace
}  // namespace lbd::cli
