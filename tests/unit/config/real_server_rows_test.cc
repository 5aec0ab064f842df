// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

namespace lbd::config {
namespace {

TEST(RealServers, thresholds) {
  check_rows({
      {servers("{address: 10.0.0.2, max_connections: 100, min_connections: 100}"), "ok\n"},
      {servers("{address: 10.0.0.2, max_connections: 1000000001}"),
       "f.yaml:3:53: services[0].real_servers[0].max_connections: 1000000001 is above 1000000000; "
       "use 0..1000000000\n"},
      {servers("{address: 10.0.0.2, max_connections: 99, min_connections: 100}"),
       "f.yaml:3:74: services[0].real_servers[0].min_connections: 100 is above max_connections, "
       "which is 99; a full server takes new connections again below min_connections: write "
       "less\n"},
      {servers("{address: 10.0.0.2, min_connections: 1}"),
       "f.yaml:3:53: services[0].real_servers[0].min_connections: 1 is above max_connections, "
       "which is 0; a full server takes new connections again below min_connections: write "
       "less\n"},
  });
}

TEST(RealServers, accepted) {
  check_rows({
      {servers(
           R"({address: 10.0.0.2}, {address: "10.0.0.3:80", weight: 0}, {address: 10.0.0.4, port: 80, weight: 65535, forwarding: dr})"),
       "ok\n"},
      {servers("{address: 10.0.0.2, inhibit_on_failure: true, max_connections: 0, "
               "min_connections: 0, health_checks: []}"),
       "ok\n"},
      {servers(R"({address: 127.0.0.1}, {address: "10.0.0.1:80"})"), "ok\n"},
      {kPorts + "routes: [{to: 10.9.0.0/24, port: p0}]\n"
                "services: [{name: w, listen: [\"10.0.0.80:80\", \"10.0.0.80:81\"], forwarding: "
                "dr, scheduler: rr, real_servers: [{address: 10.9.0.2}]}]\n",
       "ok\n"},
      {kPorts +
           "services: [{name: w, listen: [\"[2001:db8::80]:80\"], forwarding: dr, scheduler: rr, "
           "real_servers: [{address: \"2001:db8::2\"}, {address: \"[2001:db8::3]:80\"}]}]\n",
       "ok\n"},
  });
}

TEST(RealServers, address) {
  check_rows({
      {servers("10.0.0.2"),
       "f.yaml:3:16: services[0].real_servers[0]: expected a map of keys and values; write \"key: "
       "value\" lines or {key: value}\n"},
      {servers("{weight: 1}"),
       "f.yaml:3:16: services[0].real_servers[0].address: is missing; write the server's address, "
       "as 192.0.2.138\n"},
      {servers("{address: web1}"),
       "f.yaml:3:26: services[0].real_servers[0].address: \"web1\" is not an address; write it as "
       "192.0.2.138, \"192.0.2.138:80\" or \"2001:db8::138\"\n"},
      {servers(R"({address: "10.0.0.2:0"})"),
       "f.yaml:3:26: services[0].real_servers[0].address: port 0 is no server's; use 1..65535 or "
       "leave the port out\n"},
      {servers("{address: 0.0.0.0}"),
       "f.yaml:3:26: services[0].real_servers[0].address: 0.0.0.0 is the unspecified address; name "
       "the address of a host\n"},
      {servers("{address: 239.0.0.1}"),
       "f.yaml:3:26: services[0].real_servers[0].address: 239.0.0.1 is a multicast address; name "
       "the address of a host\n"},
      {servers(R"({address: "fe80::2"})"),
       "f.yaml:3:26: services[0].real_servers[0].address: fe80::2 is a link-local address; name "
       "the address of a host\n"},
      {servers(R"({address: "10.0.0.2:80", port: 80})"),
       "f.yaml:3:47: services[0].real_servers[0].port: the address has a port already: 80; give "
       "the port once\n"},
      {servers("{address: 10.0.0.2, port: 0}"),
       "f.yaml:3:42: services[0].real_servers[0].port: 0 is below 1; use 1..65535\n"},
  });
}

TEST(RealServers, values) {
  check_rows({
      {servers("{address: 10.0.0.2, weight: 70000}"),
       "f.yaml:3:44: services[0].real_servers[0].weight: 70000 is above 65535; use 0..65535\n"},
      {servers("{address: 10.0.0.2, weight: -1}"),
       "f.yaml:3:44: services[0].real_servers[0].weight: -1 is below 0; use 0..65535\n"},
      {servers("{address: 10.0.0.2, weight: heavy}"),
       "f.yaml:3:44: services[0].real_servers[0].weight: \"heavy\" is not a whole number; use "
       "0..65535\n"},
      {servers(R"({address: 10.0.0.2, weight: "2"})"),
       "f.yaml:3:44: services[0].real_servers[0].weight: expected a number, got the text \"2\"; "
       "write it without quotes\n"},
      {servers("{address: 10.0.0.2, weight: 1.5}"),
       "f.yaml:3:44: services[0].real_servers[0].weight: \"1.5\" is not a whole number; use "
       "0..65535\n"},
      {servers("{address: 10.0.0.2, weight: [1]}"),
       "f.yaml:3:44: services[0].real_servers[0].weight: expected a number, got a list\n"},
  });
}

TEST(RealServers, tunnels) {
  const std::string tun = "address: 203.0.113.9, forwarding: tun";
  check_rows({
      {servers("{" + tun + "}"), "ok\n"},
      {servers("{" + tun + ", tunnel: {type: gre}}"), "ok\n"},
      {servers("{" + tun + ", tunnel: {type: gue, port: 5555}}"), "ok\n"},
      {servers(R"({address: "2001:db8:9::9", forwarding: tun, tunnel: {type: ipip}})"), "ok\n"},
      {kPorts + "services: [{name: w, listen: [\"10.0.0.80:80\"], forwarding: tun, scheduler: rr, "
                "real_servers: [{address: 203.0.113.9}, {address: 10.0.0.3, forwarding: dr}]}]\n",
       "ok\n"},
      {servers("{address: 10.0.0.2, tunnel: {type: ipip}}"),
       "f.yaml:3:44: services[0].real_servers[0].tunnel: the server is not reached by a tunnel; "
       "write forwarding: tun, or leave tunnel out\n"},
      {servers("{" + tun + ", tunnel: {}}"),
       "f.yaml:3:64: services[0].real_servers[0].tunnel.type: is missing; write ipip, gre or "
       "gue\n"},
      {servers("{" + tun + ", tunnel: {type: vxlan}}"),
       "f.yaml:3:71: services[0].real_servers[0].tunnel.type: \"vxlan\" is unknown; write ipip, "
       "gre "
       "or gue\n"},
      {servers("{" + tun + ", tunnel: {type: gre, port: 7}}"),
       "f.yaml:3:82: services[0].real_servers[0].tunnel.port: only gue has a port; leave it out, "
       "or "
       "write type: gue\n"},
      {servers("{" + tun + ", tunnel: {type: gue, port: 0}}"),
       "f.yaml:3:82: services[0].real_servers[0].tunnel.port: 0 is below 1; use 1..65535\n"},
      {servers(R"({address: "203.0.113.9:81", forwarding: tun})"),
       "f.yaml:3:16: services[0].real_servers[0]: port 81 differs from that of the listen "
       "10.0.0.80:80; tun does not rewrite ports: leave the server's port out\n"},
      {"ports: [{name: p0, device: \"af_xdp:e0\", addresses: [10.0.0.1/24]}]\n"
       "services: [{name: w, listen: [\"10.0.0.80:80\"], forwarding: tun, scheduler: rr, "
       "real_servers: [{address: \"2001:db8::9\"}]}]\n",
       "f.yaml:2:95: services[0].real_servers[0]: no port has an IPv6 address; a tunnel to "
       "2001:db8::9 needs one to be sent from\n"},
  });
}

TEST(RealServers, in_sum) {
  check_rows({
      {servers("{address: 10.0.0.2}, {address: 10.0.0.2, weight: 3}"),
       "f.yaml:3:37: services[0].real_servers[1]: 10.0.0.2 is services[0].real_servers[0] at "
       "f.yaml:3:16 too; name a server once, its weight says how much it gets\n"},
      {servers(R"({address: 10.0.0.2}, {address: "10.0.0.2:80"})"),
       "f.yaml:3:37: services[0].real_servers[1]: 10.0.0.2 is services[0].real_servers[0] at "
       "f.yaml:3:16 too; name a server once, its weight says how much it gets\n"},
      {servers(R"({address: "10.0.0.2:8080"})"),
       "f.yaml:3:16: services[0].real_servers[0]: port 8080 differs from that of the listen "
       "10.0.0.80:80; dr does not rewrite ports: leave the server's port out\n"},
      {servers(R"({address: "2001:db8::2"})"),
       "f.yaml:3:16: services[0].real_servers[0]: 2001:db8::2 is IPv6, but the service listens on "
       "IPv4; dr needs servers of the listen's family; tun and fullnat do not\n"},
      {servers("{address: 10.0.0.80}"),
       "f.yaml:3:16: services[0].real_servers[0]: 10.0.0.80 is an address that the service listens "
       "on; name the server's own address\n"},
      {servers(R"({address: "::1"})"),
       "f.yaml:3:16: services[0].real_servers[0]: ::1 is IPv6, but the service listens on IPv4; "
       "the "
       "director itself takes packets as they are: name its address of that family\n"},
      {servers(R"({address: "127.0.0.1:8080"})"),
       "f.yaml:3:16: services[0].real_servers[0]: port 8080 differs from that of the listen "
       "10.0.0.80:80; the director gets packets as they are: leave the server's port out\n"},
      {servers("{address: 10.0.1.2}"),
       "f.yaml:3:16: services[0].real_servers[0]: 10.0.1.2 is in no port's network; dr needs "
       "servers on a port's link: correct it, or the ports' addresses\n"},
      {kPorts + "routes: [{to: 10.0.1.0/24, via: 10.0.0.254, port: p0}]\n"
                "services: [{name: w, listen: [\"10.0.0.80:80\"], forwarding: dr, scheduler: rr, "
                "real_servers: [{address: 10.0.1.2}]}]\n",
       "f.yaml:3:94: services[0].real_servers[0]: 10.0.1.2 is in no port's network; dr needs "
       "servers on a port's link: correct it, or the ports' addresses\n"},
      {servers("{address: 10.0.0.0}"),
       "f.yaml:3:16: services[0].real_servers[0]: 10.0.0.0 is the address of the network "
       "10.0.0.0/24; name the address of a host\n"},
      {servers("{address: 10.0.0.255}"),
       "f.yaml:3:16: services[0].real_servers[0]: 10.0.0.255 is the broadcast address of "
       "10.0.0.0/24; name the address of a host\n"},
      {kPorts + "services: [{name: w, listen: [\"10.0.0.80:80\", \"10.0.0.80:81\"], forwarding: "
                "dr, scheduler: rr, real_servers: [{address: \"10.0.0.2:80\"}]}]\n",
       "f.yaml:2:110: services[0].real_servers[0]: port 80 differs from that of the listen "
       "10.0.0.80:81; dr does not rewrite ports: leave the server's port out\n"},
      {kPorts + "services: [{name: w, listen: [\"10.0.0.80:80\"], forwarding: nat, scheduler: rr, "
                "real_servers: [{address: \"10.0.1.2:8080\"}]}]\n",
       "f.yaml:2:95: services[0].real_servers[0]: 10.0.1.2 is in no port's network; nat needs "
       "servers on a port's link: correct it, or the ports' addresses\n"},
      {kPorts +
           "services: [{name: w, listen: [\"10.0.0.80:80\", \"10.0.0.80:81\"], forwarding: nat, "
           "scheduler: rr, real_servers: [{address: \"10.0.0.2:8080\"}, {address: "
           "\"10.0.0.2:8081\"}, {address: 10.0.0.2}, {address: \"10.0.0.2:8080\"}]}]\n",
       "f.yaml:2:188: services[0].real_servers[3]: 10.0.0.2:8080 is services[0].real_servers[0] at "
       "f.yaml:2:111 too; name a server once, its weight says how much it gets\n"},
      {servers("{address: 10.0.0.2, forwarding: nat, port: 8080}, {address: \"10.0.0.3:8080\"}"),
       "f.yaml:3:66: services[0].real_servers[1]: port 8080 differs from that of the listen "
       "10.0.0.80:80; dr does not rewrite ports: leave the server's port out\n"},
  });
}

TEST(RealServers, an_address_that_cannot_be_read_brings_no_more_errors) {
  check_rows({
      {"ports: [{name: p0, device: \"af_xdp:e0\", addresses: [10.0.0.1]}]\n"
       "routes: [{to: default, via: 10.0.0.2}]\n"
       "services: [{name: web, listen: [\"10.0.0.80:80\"], forwarding: dr, scheduler: rr, "
       "real_servers: [{address: 10.0.0.2}]}]\n",
       "f.yaml:1:53: ports[0].addresses[0]: \"10.0.0.1\" has no prefix length; write it as "
       "192.0.2.11/24 or \"2001:db8::11/64\"\n"},
  });
}

TEST(RealServers, all_errors_in_the_order_of_lines) {
  check_rows({
      {"services:\n"
       "- name: web\n"
       "  listen: [\"10.0.0.80:80\"]\n"
       "  real_servers:\n"
       "  - {address: 10.0.0.2, weight: 70000}\n"
       "lbd: {http: 1}\n"
       "ports: [{device: \"af_xdp:e0\", mtu: 1}]\n",
       "f.yaml:2:3: services[0].forwarding: is missing; write dr, nat, fullnat or tun\n"
       "f.yaml:5:5: services[0].real_servers[0]: 10.0.0.2 is in no port's network; dr needs "
       "servers on a port's link: correct it, or the ports' addresses\n"
       "f.yaml:5:33: services[0].real_servers[0].weight: 70000 is above 65535; use 0..65535\n"
       "f.yaml:6:7: lbd.http: not supported yet; leave it out or write off\n"
       "f.yaml:7:9: ports[0].name: is missing; name the port, as wan0\n"
       "f.yaml:7:36: ports[0].mtu: 1 is below 68; use 68..9600\n"},
  });
}

}  // namespace
}  // namespace lbd::config
