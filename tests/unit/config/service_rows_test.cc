// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

namespace lbd::config {
namespace {

TEST(ServicesSection, accepted) {
  check_rows({
      {service("protocol: udp, on_removal: drain, drain_timeout: 0s, local_ports: [22, 65535], "
               "real_servers: []"),
       "ok\n"},
      {service("scheduler_flags: [], mh_table_size: 131071, one_packet: false, persistence: off, "
               "on_down: keep, "
               "slow_start: 0s, client_address: none, mss: auto"),
       "ok\n"},
      {service(
           R"(quorum: {weight: 1, hysteresis: 0, up: "", down: ""}, limits: {new_per_second: 0}, health_checks: [], initial: up, notify: {server_up: ""})"),
       "ok\n"},
      {kPorts + "services: [{name: web, forwarding: dr, scheduler: rr, listen: [\"10.0.0.80:80\", "
                "\"10.0.0.80:443\", \"10.0.0.1:80\"]}]\n",
       "ok\n"},
      {kPorts + "services: [{name: web, forwarding: dr, scheduler: rr, listen: "
                "[\"[2001:db8::80]:80\"]}]\n",
       "ok\n"},
      {kPorts + "services:\n"
                "- {name: a, listen: [\"10.0.0.80:53\"], forwarding: dr, scheduler: lc}\n"
                "- {name: b, listen: [\"10.0.0.80:53\"], protocol: udp, forwarding: dr, scheduler: "
                "wrr}\n",
       "ok\n"},
  });
}

TEST(ServicesSection, required) {
  check_rows({
      {kPorts + "services: [{}]\n",
       "f.yaml:2:12: services[0].name: is missing; name the service, as web\n"
       "f.yaml:2:12: services[0].listen: is missing; write [\"192.0.2.20:80\"]\n"
       "f.yaml:2:12: services[0].forwarding: is missing; write dr, nat, fullnat or tun\n"},
      {kPorts + "services: [web]\n",
       "f.yaml:2:12: services[0]: expected a map of keys and values; write \"key: value\" lines or "
       "{key: value}\n"},
      {kPorts + "services: [{name: web, listen: [], forwarding: dr, scheduler: rr}]\n",
       "f.yaml:2:32: services[0].listen: no address; write at least one, as \"192.0.2.20:80\"\n"},
  });
}

TEST(ServicesSection, names) {
  check_rows({
      {kPorts + "services: [{name: \"w b\", listen: [\"10.0.0.80:80\"], forwarding: dr, scheduler: "
                "rr}]\n",
       "f.yaml:2:19: services[0].name: \"w b\" holds blanks or unusual characters; use letters, "
       "digits and punctuation\n"},
      {kPorts + "services:\n"
                "- {name: a, listen: [\"10.0.0.80:80\"], forwarding: dr, scheduler: rr}\n"
                "- {name: a, listen: [\"10.0.0.81:80\"], forwarding: dr, scheduler: rr}\n",
       "f.yaml:4:10: services[1].name: \"a\" is services[0].name at f.yaml:3:10 too; give each "
       "service a name of its own\n"},
  });
}

TEST(ServicesSection, listens) {
  check_rows({
      {kPorts + "services: [{name: web, forwarding: dr, scheduler: rr, listen: [10.0.0.80]}]\n",
       "f.yaml:2:64: services[0].listen[0]: \"10.0.0.80\" has no port; write it as "
       "\"192.0.2.20:80\" or \"[2001:db8::1]:80\"\n"},
      {kPorts +
           "services: [{name: web, forwarding: dr, scheduler: rr, listen: [\"2001:db8::80\"]}]\n",
       "f.yaml:2:64: services[0].listen[0]: \"2001:db8::80\" has no port; write it as "
       "\"192.0.2.20:80\" or \"[2001:db8::1]:80\"\n"},
      {kPorts + "services: [{name: web, forwarding: dr, scheduler: rr, listen: "
                "[\"2001:db8::80:80\"]}]\n",
       "f.yaml:2:64: services[0].listen[0]: \"2001:db8::80:80\" has no port; write it as "
       "\"192.0.2.20:80\" or \"[2001:db8::1]:80\"\n"},
      {kPorts + "services: [{name: web, forwarding: dr, scheduler: rr, listen: "
                "[\"10.0.0.80:65536\"]}]\n",
       "f.yaml:2:64: services[0].listen[0]: \"10.0.0.80:65536\" is not an address and port; write "
       "it as \"192.0.2.20:80\" or \"[2001:db8::1]:80\"\n"},
      {kPorts +
           "services: [{name: web, forwarding: dr, scheduler: rr, listen: [\"10.0.0.80:http\"]}]\n",
       "f.yaml:2:64: services[0].listen[0]: \"10.0.0.80:http\" is not an address and port; write "
       "it as \"192.0.2.20:80\" or \"[2001:db8::1]:80\"\n"},
      {kPorts + "services: [{name: web, forwarding: dr, scheduler: rr, listen: [\":80\"]}]\n",
       "f.yaml:2:64: services[0].listen[0]: \":80\" is not an address and port; write it as "
       "\"192.0.2.20:80\" or \"[2001:db8::1]:80\"\n"},
      {kPorts + "services: [{name: web, forwarding: dr, scheduler: rr, listen: "
                "[\"[2001:db8::]/64:80\"]}]\n",
       "f.yaml:2:64: services[0].listen[0]: \"[2001:db8::]/64:80\" is not an address and port; "
       "write it as \"192.0.2.20:80\" or \"[2001:db8::1]:80\"\n"},
      {kPorts +
           "services: [{name: web, forwarding: dr, scheduler: rr, listen: [\"0.0.0.0:80\"]}]\n",
       "f.yaml:2:64: services[0].listen[0]: 0.0.0.0 is the unspecified address; listen on a "
       "unicast address that clients can reach\n"},
      {kPorts +
           "services: [{name: web, forwarding: dr, scheduler: rr, listen: [\"127.0.0.1:80\"]}]\n",
       "f.yaml:2:64: services[0].listen[0]: 127.0.0.1 is a loopback address; listen on a unicast "
       "address that clients can reach\n"},
      {kPorts +
           "services: [{name: web, forwarding: dr, scheduler: rr, listen: [\"224.0.0.1:80\"]}]\n",
       "f.yaml:2:64: services[0].listen[0]: 224.0.0.1 is a multicast address; listen on a unicast "
       "address that clients can reach\n"},
      {kPorts +
           "services: [{name: web, forwarding: dr, scheduler: rr, listen: [\"[fe80::1]:80\"]}]\n",
       "f.yaml:2:64: services[0].listen[0]: fe80::1 is a link-local address; listen on a unicast "
       "address that clients can reach\n"},
      {kPorts + "services: [{name: web, forwarding: dr, scheduler: rr, listen: [\"10.0.0.80:80\", "
                "\"[2001:db8::80]:80\"]}]\n",
       "f.yaml:2:80: services[0].listen[1]: [2001:db8::80]:80 is IPv6, but services[0].listen[0] "
       "is IPv4; use one family in a service\n"},
      {kPorts + "services: [{name: web, forwarding: dr, scheduler: rr, listen: [\"10.0.0.80:80\", "
                "\"10.0.0.80:80\"]}]\n",
       "f.yaml:2:80: services[0].listen[1]: 10.0.0.80:80 is services[0].listen[0] at f.yaml:2:64 "
       "too; an address, port and protocol belong to one service\n"},
      {kPorts + "services:\n"
                "- {name: a, listen: [\"10.0.0.80:80\"], forwarding: dr, scheduler: rr}\n"
                "- {name: b, listen: [\"10.0.0.80:80\"], forwarding: dr, scheduler: rr}\n",
       "f.yaml:4:22: services[1].listen[0]: 10.0.0.80:80 is services[0].listen[0] at f.yaml:3:22 "
       "too; an address, port and protocol belong to one service\n"},
  });
}

TEST(ServicesSection, sctp_by_methods) {
  const auto by = [](const std::string& method) {
    return kPorts +
           "services: [{name: web, listen: [\"10.0.0.80:80\"], protocol: sctp, forwarding: " +
           method + ", scheduler: rr, real_servers: [{address: 10.0.0.2}]}]\n";
  };
  check_rows({
      {by("nat"), "ok\n"},
      {by("fullnat"),
       "f.yaml:2:117: services[0].real_servers[0]: fullnat of sctp is not supported yet; write dr, "
       "tun or nat\n"},
  });
}

TEST(ServicesSection, one_packet_by_nat) {
  const auto once = [](const std::string& listen, const std::string& servers,
                       const std::string& method = "nat") {
    return "{name: s" + std::to_string(listen.size()) + ", listen: [" + listen +
           "], protocol: udp, one_packet: true, forwarding: " + method +
           ", scheduler: rr, real_servers: [" + servers + "]}";
  };
  const auto file = [](const std::string& services) {
    return kPorts + "services: [" + services + "]\n";
  };
  const std::string one = "\"10.0.0.80:53\"", range = "\"10.0.0.80:53-54\"";
  const std::string where = "services[0].real_servers[0]: one_packet ";
  check_rows({
      {file(once(one, "{address: 10.0.0.2, port: 5353}, {address: 10.0.0.3}")), "ok\n"},
      {file(once(range, "{address: 10.0.0.2}")), "ok\n"},
      {file(once(range, "{address: 10.0.0.2, port: 53}")),
       "f.yaml:2:133: " + where +
           "makes no connection, so that answers by nat cannot tell which address and port the "
           "client has asked; leave the server's port out, or listen on one port\n"},
      {file(once(one + ", \"10.0.0.81:53\"", "{address: 10.0.0.2}")),
       "f.yaml:2:146: " + where +
           "makes no connection, so that answers by nat cannot tell which address the client has "
           "asked; write one listen of one address in a service, or take one_packet out\n"},
      {file(once(one, "{address: 10.0.0.2}", "fullnat")),
       "f.yaml:2:134: " + where +
           "makes no connection, and replies by fullnat need one; write forwarding: dr, tun or "
           "nat, or take one_packet out\n"
           "f.yaml:2:134: services[0].real_servers[0]: no port has IPv4 local_addresses; fullnat "
           "needs some on the port towards its servers\n"},
      {file(once(one, "{address: 10.0.0.2}") +
            ", {name: b, listen: [\"10.0.0.81:53\"], protocol: "
            "udp, forwarding: nat, scheduler: rr, real_servers: [{address: 10.0.0.2, port: 53}]}"),
       "f.yaml:2:130: " + where +
           "by nat, but services[1].real_servers[0] at f.yaml:2:251 is this server too: answers "
           "could be those of either; give the server an address or a port of its own for each "
           "service\n"},
      {file(once(one, "{address: 10.0.0.2}") +
            ", {name: b, listen: [\"10.0.0.81:53\"], protocol: "
            "udp, forwarding: nat, scheduler: rr, real_servers: [{address: 10.0.0.2, port: 54}]}"),
       "ok\n"},
  });
}

TEST(ServicesSection, mss) {
  check_rows({
      {service("mss: auto"), "ok\n"},
      {service("mss: off"), "ok\n"},
      {service("mss: small"),
       "f.yaml:3:6: services[0].mss: \"small\" is unknown; write auto, off or a number of bytes\n"},
  });
}

TEST(ServicesSection, choices) {
  check_rows({
      {kPorts + "services: [{name: web, listen: [\"10.0.0.80:80\"], protocol: sctp, forwarding: "
                "dr, scheduler: rr}]\n",
       "ok\n"},
      {kPorts + "services: [{name: web, listen: [\"10.0.0.80:80\"], protocol: icmp, forwarding: "
                "dr, scheduler: rr}]\n",
       "f.yaml:2:60: services[0].protocol: \"icmp\" is unknown; write tcp, udp or sctp\n"},
      {kPorts + "services: [{name: web, listen: [\"10.0.0.80:80\"], forwarding: fullnat, "
                "scheduler: rr}]\n",
       "ok\n"},
      {kPorts + "services: [{name: web, listen: [\"10.0.0.80:80\"], forwarding: fullnat, "
                "scheduler: rr, real_servers: [{address: 10.0.0.2}]}]\n",
       "f.yaml:2:101: services[0].real_servers[0]: no port has IPv4 local_addresses; fullnat needs "
       "some on the port towards its servers\n"},
      {kPorts +
           "services: [{name: web, listen: [\"10.0.0.80:80\"], forwarding: masq, scheduler: rr}]\n",
       "f.yaml:2:62: services[0].forwarding: \"masq\" is unknown; write dr, nat, fullnat or tun\n"},
      {kPorts +
           "services: [{name: web, listen: [\"10.0.0.80:80\"], forwarding: [dr], scheduler: rr}]\n",
       "f.yaml:2:62: services[0].forwarding: a list is unknown; write dr, nat, fullnat or tun\n"},
      {kPorts +
           "services: [{name: web, listen: [\"10.0.0.80:80\"], forwarding: dr, scheduler: best}]\n",
       "f.yaml:2:77: services[0].scheduler: \"best\" is unknown; write rr, wrr, lc, wlc, sed, nq, "
       "fo, "
       "ovf, twos, sh, dh, mh, lblc or lblcr\n"},
      {service("drain_timeout: 5"),
       "f.yaml:3:16: services[0].drain_timeout: \"5\" has no unit; write it with a unit, as 10ms, "
       "3s, 2m or 1h\n"},
      {service("drain_timeout: 200h"),
       "f.yaml:3:16: services[0].drain_timeout: 200h is above 168h; use 0s..168h\n"},
      {service("local_ports: [0, 65536, 22, 22]"),
       "f.yaml:3:15: services[0].local_ports[0]: 0 is below 1; use 1..65535\n"
       "f.yaml:3:18: services[0].local_ports[1]: 65536 is above 65535; use 1..65535\n"
       "f.yaml:3:29: services[0].local_ports[3]: port 22 is given twice; take one out\n"},
      {service("local_ports: 22"),
       "f.yaml:3:14: services[0].local_ports: expected a list, got \"22\"; write it as [a, b] or "
       "one \"- a\" a line\n"},
      {service("real_servers: 10.0.0.2"),
       "f.yaml:3:15: services[0].real_servers: expected a list, got \"10.0.0.2\"; write it as [a, "
       "b] or one \"- a\" a line\n"},
  });
}

std::string hashed(const std::string& keys) {
  return kPorts +
         "services: [{name: web, listen: [\"10.0.0.80:80\"], forwarding: dr, scheduler: mh,\n" +
         keys + "}]\n";
}

std::string listens(const std::string& list) {
  return kPorts + "services: [{name: web, forwarding: dr, scheduler: rr, listen:\n[" + list +
         "]}]\n";
}

TEST(ServicesSection, listens_of_many) {
  const std::string at = "f.yaml:3:2: services[0].listen[0]: ";
  const std::string how =
      " is not an address and port; write it as \"192.0.2.20:80\" or \"[2001:db8::1]:80\"\n";
  check_rows({
      {listens("\"10.0.1.80:0\", \"10.0.1.80:8000-8010\", \"10.0.2.0/28:80\", \"10.0.1.80:8005\""),
       "ok\n"},
      {listens("\"[2001:db8:1::/64]:0\", \"[2001:db8:2::5]:1-65535\""), "ok\n"},
      {listens("10.0.2.0/28"), at + "\"10.0.2.0/28\" has no port; write it as \"192.0.2.20:80\" or "
                                    "\"[2001:db8::1]:80\"\n"},
      {listens("\"10.0.1.80:80-79\""), at + "\"10.0.1.80:80-79\"" + how},
      {listens("\"10.0.1.80:0-79\""), at + "\"10.0.1.80:0-79\"" + how},
      {listens("\"10.0.1.80:80-65536\""), at + "\"10.0.1.80:80-65536\"" + how},
      {listens("\"10.0.2.1/28:80\""),
       at +
           "10.0.2.1/28 has bits behind its length: the prefix is 10.0.2.0/28; listen on a unicast "
           "address that clients can reach\n"},
      {listens("\"0.0.0.0/0:80\""), at +
                                        "0.0.0.0/0 is not a prefix of virtual addresses; listen on "
                                        "a unicast address that clients can reach\n"},
      {listens("\"10.0.1.80:80-90\",\n\"10.0.1.80:85-95\""),
       "f.yaml:4:1: services[0].listen[1]: 10.0.1.80:85-95 and services[0].listen[0] at f.yaml:3:2 "
       "have some ports in common; one range may lie within another, but not reach across its "
       "end\n"},
      {listens("\"10.0.1.80:80-90\",\n\"10.0.1.80:80-90\""),
       "f.yaml:4:1: services[0].listen[1]: 10.0.1.80:80-90 is services[0].listen[0] at f.yaml:3:2 "
       "too; an address, port and protocol belong to one service\n"},
  });
}

TEST(ServicesSection, clients) {
  check_rows({
      {service(
           "persistence: {timeout: 50s, prefix4: 24, prefix6: 64, on_quiesce: expire}, limits: "
           "{new_per_second: 10, new_per_second_per_client: 2}, one_packet: true, protocol: udp"),
       "ok\n"},
      {service("persistence: {}"),
       "f.yaml:3:14: services[0].persistence.timeout: is missing; write how long a client keeps "
       "its "
       "server, as 50s\n"},
      {service("persistence: {timeout: 5s, prefix4: 33}"),
       "f.yaml:3:37: services[0].persistence.prefix4: 33 is above 32; use 1..32\n"},
      {service("persistence: {timeout: 5s, on_quiesce: drop}"),
       "f.yaml:3:40: services[0].persistence.on_quiesce: \"drop\" is unknown; write keep or "
       "expire\n"},
      {service("limits: {new_per_second: -1}"),
       "f.yaml:3:26: services[0].limits.new_per_second: -1 is below 0; use 0..1000000000\n"},
      {service("one_packet: true"),
       "f.yaml:3:13: services[0].one_packet: one_packet is for udp, but the protocol is tcp; take "
       "it "
       "out, or write protocol: udp\n"},
  });
}

TEST(ServicesSection, schedulers) {
  for (const std::string_view name : kSchedulerNames)
    EXPECT_EQ(verdict(kPorts +
                      "services: [{name: web, listen: [\"10.0.0.80:80\"], forwarding: dr, "
                      "scheduler: " +
                      std::string(name) + "}]\n"),
              "ok\n");
  check_rows({
      {kPorts + "services: [{name: web, listen: [\"10.0.0.80:80\"], forwarding: dr}]\n", "ok\n"},
      {hashed("scheduler_flags: [mh-port, mh-fallback], mh_table_size: 65537"), "ok\n"},
      {hashed("scheduler_flags: [sh-port]"),
       "f.yaml:3:19: services[0].scheduler_flags[0]: sh-port is a flag of sh, but the scheduler is "
       "mh; take it out, or write scheduler: sh\n"},
      {hashed("scheduler_flags: [mh-port, mh-port]"),
       "f.yaml:3:28: services[0].scheduler_flags[1]: mh-port is given twice; take one out\n"},
      {hashed("scheduler_flags: [fast]"),
       "f.yaml:3:19: services[0].scheduler_flags[0]: \"fast\" is unknown; write sh-fallback, "
       "sh-port, mh-fallback or mh-port\n"},
      {hashed("mh_table_size: 4096"),
       "f.yaml:3:16: services[0].mh_table_size: 4096 is no prime; write a prime, as 4099\n"},
      {hashed("mh_table_size: 131072"),
       "f.yaml:3:16: services[0].mh_table_size: 131072 is above 131071; use 2..131071\n"},
  });
}

TEST(ServicesSection, fullnat_between_families) {
  const auto services = [](const std::string& pool, const std::string& service) {
    return "ports: [{name: p, device: \"af_xdp:e0\", addresses: [10.0.0.1/24, \"2001:db8::1/64\"], "
           "local_addresses: [" +
           pool + "]}]\nservices: [{name: web, " + service + "}]\n";
  };
  const std::string pool6 = "\"2001:db8::9\"";
  const std::string on4 = "listen: [\"10.0.0.80:80\"], forwarding: fullnat,\n";
  const std::string on6 = "listen: [\"[2001:db8::80]:80\"], forwarding: fullnat,\n";
  check_rows({
      {services("10.0.0.9", on6 + "real_servers: [{address: \"10.0.0.2:8080\"}]"), "ok\n"},
      {services(pool6, on4 + "real_servers: [{address: \"[2001:db8::2]:8080\"}]"), "ok\n"},
      {services("10.0.0.9, " + pool6,
                on4 + "client_address: proxy-v2, real_servers: [{address: 10.0.0.2}, {address: "
                      "\"2001:db8::2\"}]"),
       "ok\n"},
      {services("10.0.0.9", on4 + "real_servers: [{address: \"2001:db8::2\"}]"),
       "f.yaml:3:16: services[0].real_servers[0]: no port has IPv6 local_addresses; fullnat needs "
       "some on the port towards its servers\n"},
      {services(pool6, on6 + "real_servers: [{address: 10.0.0.2}]"),
       "f.yaml:3:16: services[0].real_servers[0]: no port has IPv4 local_addresses; fullnat needs "
       "some on the port towards its servers\n"},
      {services("10.0.0.9", on6 + "real_servers: [{address: 10.0.1.2}]"),
       "f.yaml:3:16: services[0].real_servers[0]: 10.0.1.2 is in no port's network; fullnat needs "
       "servers on a port's link: correct it, or the ports' addresses\n"},
      {services("10.0.0.9", on6 + "real_servers: [{address: 10.0.0.2, forwarding: nat}]"),
       "f.yaml:3:16: services[0].real_servers[0]: 10.0.0.2 is IPv4, but the service listens on "
       "IPv6; nat needs servers of the listen's family; tun and fullnat do not\n"},
      {services("10.0.0.9", on6 + "real_servers: [{address: 127.0.0.1}]"),
       "f.yaml:3:16: services[0].real_servers[0]: 127.0.0.1 is IPv4, but the service listens on "
       "IPv6; the director itself takes packets as they are: name its address of that family\n"},
      {services("10.0.0.9", on6 + "sorry_server: \"10.0.0.2:80\""), "ok\n"},
  });
}

TEST(ServicesSection, client_address) {
  const auto fullnat = [](const std::string& more) {
    return "ports: [{name: p, device: \"af_xdp:e0\", addresses: [10.0.0.1/24], local_addresses: "
           "[10.0.0.9]}]\n"
           "services: [{name: web, listen: [\"10.0.0.80:80\"],\n" +
           more + "}]\n";
  };
  const std::string by_fullnat =
      ", forwarding: dr, real_servers: [{address: 10.0.0.2}, "
      "{address: 10.0.0.3, forwarding: fullnat}]";
  check_rows({
      {fullnat("client_address: proxy-v2, forwarding: fullnat"), "ok\n"},
      {fullnat("client_address: toa" + by_fullnat), "ok\n"},
      {fullnat("client_address: none, protocol: udp, forwarding: dr"), "ok\n"},
      {fullnat("client_address: proxy, forwarding: fullnat"),
       "f.yaml:3:17: services[0].client_address: \"proxy\" is unknown; write none, toa or "
       "proxy-v2\n"},
      {fullnat("client_address: proxy-v2, protocol: udp, forwarding: fullnat"),
       "f.yaml:3:17: services[0].client_address: proxy-v2 is told within TCP, but the service is "
       "udp; leave it out, or write protocol: tcp\n"},
      {fullnat("client_address: toa, forwarding: nat, real_servers: [{address: 10.0.0.2}]"),
       "f.yaml:3:17: services[0].client_address: no server is reached by fullnat, and the others "
       "see the client's address anyway; leave it out, or write forwarding: fullnat\n"},
  });
}

TEST(ServicesSection, without_a_value) {
  check_rows({
      {service("one_packet:"),
       "f.yaml:3:1: services[0].one_packet: has no value; give it one or leave it out\n"},
  });
}

}  // namespace
}  // namespace lbd::config
