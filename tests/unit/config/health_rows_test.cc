// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

namespace lbd::config {
namespace {

/// One service with one more key, on line 2; checks in a list.
std::string service(const std::string& keys) {
  return kPorts +
         "services: [{name: web, listen: [\"10.0.0.80:80\"], forwarding: dr, scheduler: rr, " +
         keys + "}]\n";
}
std::string check(const std::string& text) {
  return service("health_checks: [" + text + "]");
}
HealthCheck read(const std::string& text) {
  const LoadResult result = load_text(check(text), "f.yaml");
  EXPECT_TRUE(result.ok()) << describe(result.errors());
  return result.ok() ? result.config().services[0].health.checks.at(0) : HealthCheck{};
}
/// What is said, without the place and the path in front.
std::string said(const std::string& text) {
  const std::string all = verdict(text);
  const size_t begin = all.find("services[0].");
  return begin == std::string::npos ? all : all.substr(begin + 12);
}

TEST(HealthRows, EveryKindIsRead) {
  EXPECT_TRUE(std::holds_alternative<TcpCheck>(read("tcp: {}").what));
  EXPECT_TRUE(std::holds_alternative<PingCheck>(read("ping: {}").what));
  const auto http =
      std::get<HttpCheck>(read("http: {path: /a, status: [200, 300-302], host: web, digest: "
                               "D41D8CD98F00B204E9800998ECF8427E, match: \"^a+$\"}")
                              .what);
  EXPECT_EQ(http.host, "web");
  ASSERT_EQ(http.pages.size(), 1u);
  EXPECT_EQ(http.pages[0].digest, "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(http.pages[0].status[1].last, 302);
  const auto https = std::get<HttpCheck>(read("https: {sni: a.example, verify: true, ca_file: "
                                              "/dev/null, urls: [{path: /b}, {status: 204}]}")
                                             .what);
  EXPECT_TRUE(https.tls && https.verify);
  ASSERT_EQ(https.pages.size(), 2u);
  EXPECT_EQ(https.pages[0].path, "/b");
  EXPECT_EQ(https.pages[1].status[0].first, 204);
  EXPECT_EQ(std::get<SmtpCheck>(read("smtp: {helo: lb1}").what).helo, "lb1");
  EXPECT_EQ(std::get<DnsCheck>(read("dns: {name: example.org., type: AAAA}").what),
            (DnsCheck{"example.org", 28}));
  EXPECT_EQ(
      std::get<UdpCheck>(read("udp: {send: \"hex:00ff\", expect: ok, require_reply: true}").what),
      (UdpCheck{std::string("\0\xff", 2), "ok", true}));
  const auto exec =
      std::get<ExecCheck>(read("exec: {command: /bin/x 'a b', dynamic_weight: true}").what);
  EXPECT_EQ(exec.command.words, (std::vector<std::string>{"/bin/x", "a b"}));
  EXPECT_TRUE(exec.dynamic_weight);
}

TEST(HealthRows, DefaultsAreThoseOfTheManual) {
  const HealthCheck check = read("tcp: {}");
  EXPECT_EQ(check.interval, Milliseconds(6000));
  EXPECT_EQ(check.timeout, Milliseconds(5000));
  EXPECT_EQ(check.retries, 1u);
  EXPECT_EQ(check.retry_delay, Milliseconds(1000));
  EXPECT_EQ(check.rise, 1u);
  EXPECT_EQ(std::get<DnsCheck>(read("dns: {}").what), (DnsCheck{".", 6}));
  EXPECT_EQ(std::get<HttpCheck>(read("http: {}").what).pages[0].status[0].last, 299);
}

TEST(HealthRows, AListOfAServersOwnReplacesTheServices) {
  const auto result = load_text(
      service(
          "health_checks: [tcp: {}], real_servers: [{address: 10.0.0.2}, {address: 10.0.0.3, "
          "health_checks: [ping: {}, tcp: {}]}, {address: 10.0.0.4, health_checks: [none: {}]}]"),
      "f.yaml");
  ASSERT_TRUE(result.ok()) << describe(result.errors());
  const Service& web = result.config().services[0];
  EXPECT_EQ(checks_of(web, web.real_servers[0]).size(), 1u);
  EXPECT_EQ(checks_of(web, web.real_servers[1]).size(), 2u);
  EXPECT_EQ(checks_of(web, web.real_servers[2]).size(), 0u);
}

TEST(HealthRows, WhatIsWrongIsNamed) {
  const std::vector<std::pair<std::string, std::string>> rows{
      {"{}",
       "health_checks[0]: says no kind of check; write tcp, http, https, smtp, dns, udp, ping, "
       "exec or none, as tcp: {}\n"},
      {"{tcp: {}, ping: {}}",
       "health_checks[0].ping: a second kind beside tcp; make a check of each\n"},
      {"{tcp: {x: 1}}", "health_checks[0].tcp: unknown key \"x\"\n"},
      {"{tcp: {}, retrys: 1}", "health_checks[0]: unknown key \"retrys\"; did you mean retries?\n"},
      {"{tcp: {}, interval: 50ms}",
       "health_checks[0].interval: 50ms is below 100ms; use 100ms..24h\n"},
      {"{tcp: {}, rise: 0}", "health_checks[0].rise: 0 is below 1; use 1..1000\n"},
      {"{tcp: {}, run: never}",
       "health_checks[0].run: \"never\" is unknown; write always or vip_held\n"},
      {"{tcp: {}, port: 0}", "health_checks[0].port: 0 is below 1; use 1..65535\n"},
      {"{http: {path: index}}",
       "health_checks[0].http.path: \"index\" does not begin with /; write it as /index.html\n"},
      {"{http: {status: [99]}}",
       "health_checks[0].http.status[0]: \"99\" is no status and no range; write 200 or 200-299, "
       "of "
       "100..599\n"},
      {"{http: {digest: abc}}",
       "health_checks[0].http.digest: \"abc\" is no digest; write 32 (MD5) or 64 (SHA-256) "
       "hexadecimal "
       "digits; lbctl probe shows them\n"},
      {"{http: {match: \"(\"}}",
       "health_checks[0].http.match: \"(\": missing closing parenthesis, at character 1; write a "
       "Perl-compatible regular expression\n"},
      {"{http: {sni: a}}",
       "health_checks[0].http.sni: needs tls: true; write the check as https, or leave it out\n"},
      {"{https: {ca_file: /dev/null}}",
       "health_checks[0].https.ca_file: does nothing without verify: true; write verify: true\n"},
      {"{dns: {name: a..b}}",
       "health_checks[0].dns.name: \"a..b\" is no domain name; write it as example.org, or . for "
       "the "
       "root\n"},
      {"{udp: {send: \"hex:0\"}}", ""},
      {"{exec: {}}",
       "health_checks[0].exec.command: is missing; write the program's full path and its "
       "arguments\n"},
      {"{exec: {command: check}}",
       "health_checks[0].exec.command: \"check\" does not begin with the program's full path; "
       "write it "
       "as /usr/bin/program\n"},
      {"{exec: {command: \"/a 'b\"}}",
       "health_checks[0].exec.command: \"/a 'b\" has a ' that is not closed; close the quotes, or "
       "write "
       "\"\" for none\n"},
      {"{tcp: {}, source: 10.0.0.1, address: \"2001:db8::2\"}",
       "health_checks[0].source: is of another family than the address; give addresses of one "
       "family\n"},
  };
  for (const auto& [text, message] : rows) {
    const std::string found = said(check(text));
    if (message.empty())
      EXPECT_NE(found.find("hex:0"), std::string::npos) << found;
    else
      EXPECT_EQ(found, message) << text;
  }
}

TEST(HealthRows, LifeOfAServiceIsChecked) {
  EXPECT_EQ(
      said(service(
          "quorum: {weight: 3, hysteresis: 1, up: /bin/a, down: \"/bin/b c\"}, "
          "sorry_server: 10.0.0.9, on_quorum_lost: reset, on_down: reschedule, on_removal: reset, "
          "slow_start: 30s, initial: up, notify: {server_up: /bin/u, server_down: \"\"}")),
      "ok\n");
  const std::vector<std::pair<std::string, std::string>> rows{
      {"quorum: {weight: 0}", "quorum.weight: 0 is below 1; use 1..1000000000\n"},
      {"quorum: {weight: 2, hysteresis: 2}",
       "quorum.hysteresis: 2 is not below the weight 2: the quorum would be lost at 0 alone; make "
       "it "
       "smaller than the weight\n"},
      {"sorry_server: web",
       "sorry_server: \"web\" is not an address; write it as 192.0.2.138, \"192.0.2.138:80\" or "
       "\"2001:db8::138\"\n"},
      {"sorry_server: \"10.0.0.9:81\"",
       "sorry_server: port 81 differs from that of the listen 10.0.0.80:80; dr does not rewrite "
       "ports: "
       "give it the listen's port\n"},
      {"sorry_server: \"10.9.0.9:80\"",
       "sorry_server: 10.9.0.9 is in no port's network; dr needs servers on a port's link: correct "
       "it, "
       "or the ports' addresses\n"},
      {"on_quorum_lost: reset",
       "on_quorum_lost: connections have nowhere else to go without a sorry_server; name one, or "
       "leave this out\n"},
      {"sorry_server: 10.0.0.9, on_quorum_lost: drain",
       "on_quorum_lost: \"drain\" is unknown; write keep, reset or reschedule\n"},
      {"on_down: drop", "on_down: \"drop\" is unknown; write keep, reset or reschedule\n"},
      {"on_removal: keep", "on_removal: \"keep\" is unknown; write drain or reset\n"},
      {"initial: 1", "initial: \"1\" is unknown; write down or up\n"},
      {"notify: {up: /bin/x}", "notify: unknown key \"up\"; known here: server_up, server_down\n"},
  };
  for (const auto& [text, message] : rows) EXPECT_EQ(said(service(text)), message) << text;
}

}  // namespace
}  // namespace lbd::config
