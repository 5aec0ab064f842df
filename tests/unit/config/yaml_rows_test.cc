// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

namespace lbd::config {
namespace {

TEST(Yaml, what_is_no_configuration) {
  check_rows({
      {"", "f.yaml: the file is empty; write a section, as ports\n"},
      {"# only a comment\n", "f.yaml: the file is empty; write a section, as ports\n"},
      {"just text\n",
       "f.yaml:1:1: expected a map of keys and values; write \"key: value\" lines or {key: "
       "value}\n"},
      {"[a, b]\n",
       "f.yaml:1:1: expected a map of keys and values; write \"key: value\" lines or {key: "
       "value}\n"},
      {"---\n", "f.yaml: the file is empty; write a section, as ports\n"},
      {kPorts + "---\n"
                "ports: [{name: p0, device: \"af_xdp:e0\", addresses: [10.0.0.1/24, "
                "\"2001:db8::1/64\"]}]\n",
       "f.yaml:2:1: the file holds several YAML documents; take the line \"---\" out\n"},
      {"a: [b\n"
       "c: d\n",
       "f.yaml:2:2: not YAML: end of sequence flow not found\n"},
      {"	a: b\n", "f.yaml:1:3: not YAML: illegal map value\n"},
      {"a: 'b\n",
       "f.yaml:1:1: unknown key \"a\"; known here: include, lbd, dataplane, ports, routes, vrrp, "
       "services\n"
       "f.yaml:1:1: ports: is missing; describe at least one port\n"},
  });
}

TEST(Yaml, keys) {
  check_rows({
      {with("prots: []"), "f.yaml:3:1: unknown key \"prots\"; did you mean ports?\n"},
      {with("colour: red"),
       "f.yaml:3:1: unknown key \"colour\"; known here: include, lbd, dataplane, ports, routes, "
       "vrrp, services\n"},
      {with("services: []"), "f.yaml:3:1: services: given twice, first at f.yaml:2:1; keep one\n"},
      {with("? [a]: b"), "f.yaml:3:3: a key that is not plain text; write \"key: value\"\n"},
      {with("routes:"), "f.yaml:3:1: routes: has no value; give it one or leave it out\n"},
      {with(R"("a\nb": 1)"),
       "f.yaml:3:1: unknown key \"a\\x0ab\"; known here: include, lbd, dataplane, ports, routes, "
       "vrrp, services\n"},
      {with("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
            "xxxxxxxxxxxxxx: 1"),
       "f.yaml:3:1: unknown key "
       "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\"; "
       "known here: include, lbd, dataplane, ports, routes, vrrp, services\n"},
      {service("wieght: 1"),
       "f.yaml:3:1: services[0]: unknown key \"wieght\"; known here: name, listen, protocol, "
       "forwarding, scheduler, scheduler_flags, mh_table_size, persistence, limits, one_packet, "
       "drain_timeout, local_ports, mss, health_checks, initial, quorum, sorry_server, "
       "on_quorum_lost, on_down, "
       "on_removal, slow_start, notify, real_servers, client_address\n"},
      {servers("{address: 10.0.0.2, wieght: 1}"),
       "f.yaml:3:36: services[0].real_servers[0]: unknown key \"wieght\"; did you mean weight?\n"},
      {servers("{address: 10.0.0.2, address: 10.0.0.3}"),
       "f.yaml:3:36: services[0].real_servers[0].address: given twice, first at f.yaml:3:17; keep "
       "one\n"},
  });
}

TEST(Yaml, sections) {
  check_rows({
      {"services: []\n", "f.yaml:1:1: ports: is missing; describe at least one port\n"},
      {"ports: []\n", "f.yaml:1:8: ports: no port; describe at least one\n"},
      {"ports: {}\n",
       "f.yaml:1:8: ports: expected a list, got a map; write it as [a, b] or one \"- a\" a line\n"},
      {"ports: [a]\n",
       "f.yaml:1:9: ports[0]: expected a map of keys and values; write \"key: value\" lines or "
       "{key: value}\n"},
      {with("lbd: []"),
       "f.yaml:3:6: lbd: expected a map of keys and values; write \"key: value\" lines or {key: "
       "value}\n"},
      {with("routes: default"),
       "f.yaml:3:9: routes: expected a list, got \"default\"; write it as [a, b] or one \"- a\" a "
       "line\n"},
  });
}

TEST(Yaml, tags_and_aliases) {
  check_rows({
      {with("lbd: !!map {}"),
       "f.yaml:3:6: the tag \"tag:yaml.org,2002:map\" has no meaning here; take it out\n"},
      {with("lbd: {name: !x a}"), "f.yaml:3:13: the tag \"!x\" has no meaning here; take it out\n"},
      {with("routes: &r [*r]"),
       "f.yaml:3:13: an alias within what it stands for; write the value out\n"},
      {with("lbd: {name: &a x}\n"
            "routes: *a"),
       "f.yaml:3:13: routes: expected a list, got \"x\"; write it as [a, b] or one \"- a\" a "
       "line\n"},
      {with("lbd: &a {name: x}\n"
            "dataplane: {eal_args: [&b c, *b]}"),
       "ok\n"},
  });
}

}  // namespace
}  // namespace lbd::config
