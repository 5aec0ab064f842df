// SPDX-License-Identifier: Apache-2.0
#include "control/config/difference.h"
#include "rows.h"

namespace lbd::config {
namespace {

const std::string kFirst = "name: V, port: p0, virtual_router_id: 1, ";
const std::string kVip = "virtual_addresses: [10.0.0.20]";

/// One instance; `keys` stand behind its name, port and id, on line 3.
std::string instance(const std::string& keys) {
  return kPorts + "vrrp: {instances: [\n{" + kFirst + keys + "}]}\n";
}

std::string second(const std::string& keys) {
  return kPorts + "vrrp: {instances: [\n{" + kFirst + kVip + "},\n{" + keys + "}]}\n";
}

TEST(VrrpSection, accepted) {
  check_rows({
      {instance(kVip), "ok\n"},
      {instance("virtual_addresses: [\"2001:db8::20\"]"), "ok\n"},
      {instance("virtual_addresses: [10.0.0.20/24, {address: 10.0.0.21, advertise: false}]"),
       "ok\n"},
      {instance(kVip + ", version: 2, advertisement_interval: 255s"), "ok\n"},
      {instance(kVip + ", advertisement_interval: 10ms"), "ok\n"},
      {instance(kVip + ", advertisement_interval: 40.95s"), "ok\n"},
      {instance(kVip + ", version: 2, authentication: {type: password, password: \"12345678\"}"),
       "ok\n"},
      {instance(kVip + ", version: 2, authentication: {\"type\": \"password\", password: x}"),
       "ok\n"},
      {instance(kVip + ", unicast: {peers: [10.0.0.2, 10.0.0.3]}"), "ok\n"},
      {instance(kVip + ", multicast_group: 224.0.0.99, checksum: plain, source: 10.0.0.1"), "ok\n"},
      {instance(kVip + ", priority: 255, preempt: false, preempt_delay: 5s, accept: false, "
                       "down_after: 2, takeover_delay: 20ms"),
       "ok\n"},
      {instance(kVip + ", gratuitous_arp: {repeat: 3, delay: 0s, refresh: 60s, interval: 5ms}"),
       "ok\n"},
      {instance(kVip + ", track: {own_port: false, dataplane: false, ports: [{name: p0, weight: "
                       "-10}]}"),
       "ok\n"},
      {instance(kVip + ", track: {processes: [{name: nginx}, {name: bird, weight: 20}], targets: "
                       "[{ping: 10.0.0.9}, {ping: \"2001:db8::1\", interval: 10ms, rise: 2, fall: "
                       "1, weight: -30}]}"),
       "ok\n"},
      {instance(kVip + ", virtual_mac: true"), "ok\n"},
      {instance(kVip + ", virtual_routes: [{to: 10.8.0.0/16, via: 10.0.0.2}]"), "ok\n"},
      {kPorts + "vrrp: {instances: [{name: V, interface: eth9, virtual_router_id: 1, " + kVip +
           "}]}\n",
       "ok\n"},
      {second("name: W, port: p0, virtual_router_id: 1, virtual_addresses: [\"fe80::20\"]"),
       "ok\n"},
      {second("name: W, port: p0, virtual_router_id: 2, virtual_addresses: [10.0.0.21]"), "ok\n"},
  });
}

TEST(VrrpSection, refused) {
  check_rows({
      {kPorts + "vrrp: {instances: [{virtual_router_id: 1, " + kVip + "}]}\n",
       "f.yaml:2:20: vrrp.instances[0].name: is missing; name the instance, as VI_1\n"
       "f.yaml:2:20: vrrp.instances[0]: speaks nowhere; give it port or interface\n"},
      {instance(kVip + ",\ninterface: e1"),
       "f.yaml:4:12: vrrp.instances[0].interface: beside port; write port or interface, not "
       "both\n"},
      {instance("virtual_addresses: []"),
       "f.yaml:3:1: vrrp.instances[0]: no virtual address to advertise; name at least one in "
       "virtual_addresses\n"},
      {instance("\nvirtual_addresses: [10.0.0.1]"),
       "f.yaml:4:21: vrrp.instances[0].virtual_addresses[0]: 10.0.0.1 is ports[0].addresses[0] at "
       "f.yaml:1:53 too; take it off the port: it comes and goes with the instance\n"},
      {instance("\nvirtual_addresses: [10.0.0.20, \"2001:db8::20\"]"),
       "f.yaml:4:32: vrrp.instances[0].virtual_addresses[1]: 2001:db8::20 is not of the family of "
       "the others; advertise one family, or say advertise: false\n"},
      {instance(kVip + ",\nversion: 4"),
       "f.yaml:4:10: vrrp.instances[0].version: 4 is above 3; use 2..3\n"},
      {instance(kVip + ",\npriority: 0"),
       "f.yaml:4:11: vrrp.instances[0].priority: 0 is below 1; use 1..255\n"},
      {instance(kVip + ",\nadvertisement_interval: 15ms"),
       "f.yaml:4:25: vrrp.instances[0].advertisement_interval: version 3 has steps of 10ms; use "
       "10ms..40.95s in steps of 10ms\n"},
      {instance(kVip + ", version: 2,\nadvertisement_interval: 1500ms"),
       "f.yaml:4:25: vrrp.instances[0].advertisement_interval: version 2 has whole seconds; use "
       "1s..255s, or version 3\n"},
      {instance(kVip + ",\nauthentication: {type: password, password: x}"),
       "f.yaml:4:17: vrrp.instances[0].authentication: version 3 has no authentication (RFC 9568 "
       "8); leave it out, or use version 2\n"},
      {instance(kVip + ", version: 2, authentication: {type: password,\npassword: \"123456789\"}"),
       "f.yaml:4:11: vrrp.instances[0].authentication.password: a password of 9 bytes; use 1 to 8 "
       "bytes\n"},
      {instance(kVip + ", unicast: {peers:\n[10.0.0.1]}"),
       "f.yaml:4:2: vrrp.instances[0].unicast.peers[0]: 10.0.0.1 is our own address; name the "
       "other directors\n"},
      {instance(kVip + ", unicast: {peers: [10.0.0.2]}, virtual_mac:\ntrue"),
       "f.yaml:4:1: vrrp.instances[0].virtual_mac: beside unicast; use multicast, or leave it "
       "out\n"},
      {instance("virtual_addresses: [{address: 10.0.0.20, interface: eth9}], accept:\nfalse"),
       "f.yaml:4:1: vrrp.instances[0].accept: 10.0.0.20 is on eth9, which is no port: the kernel "
       "takes what comes for it; put the address on a port, or leave accept out\n"},
      {instance(kVip + ",\nmulticast_group: 10.0.0.9"),
       "f.yaml:4:18: vrrp.instances[0].multicast_group: 10.0.0.9 is no multicast address; write "
       "224.0.0.18 or another group\n"},
      {instance(kVip + ",\nsource: 10.0.0.7"),
       "f.yaml:4:9: vrrp.instances[0].source: 10.0.0.7 is no address of the port; name one of its "
       "addresses\n"},
      {instance(kVip + ", track: {ports: [{name:\nlan9}]}"),
       "f.yaml:4:1: vrrp.instances[0].track.ports[0].name: no port is named \"lan9\"; name one of "
       "ports\n"},
      {instance(kVip + ", track: {processes: [{name:\n/usr/sbin/nginx}]}"),
       "f.yaml:4:1: vrrp.instances[0].track.processes[0].name: \"/usr/sbin/nginx\" is a path; "
       "write "
       "the program's name, as in ps\n"},
      {instance(kVip + ", track: {processes: [{name: a}, {name:\na}]}"),
       "f.yaml:4:1: vrrp.instances[0].track.processes[1].name: \"a\" is "
       "vrrp.instances[0].track.processes[0].name at f.yaml:3:102 too; track it once\n"},
      {instance(kVip + ", track: {targets: [{ping:\n224.0.0.1}]}"),
       "f.yaml:4:1: vrrp.instances[0].track.targets[0].ping: 224.0.0.1 is a multicast address; "
       "name "
       "a host\n"},
      {instance(kVip + ", track: {targets: [{ping:\n\"fe80::1\"}]}"),
       "f.yaml:4:1: vrrp.instances[0].track.targets[0].ping: fe80::1 is a link-local address; name "
       "a host\n"},
      {instance(kVip + ", track: {targets: [{ping: 10.0.0.9, fall:\n0}]}"),
       "f.yaml:4:1: vrrp.instances[0].track.targets[0].fall: 0 is below 1; use 1..1000\n"},
      {second("name: W, port: p0, virtual_router_id: 2, virtual_addresses: [10.0.0.21], track: "
              "{targets: [{ping: 10.0.0.9}]}},\n{name: X, port: p0, virtual_router_id: 3, "
              "virtual_addresses: [10.0.0.22], track: {targets: [{ping: 10.0.0.9, interval: 2s}]}"),
       "f.yaml:5:100: vrrp.instances[2].track.targets[0].ping: 10.0.0.9 is "
       "vrrp.instances[1].track.targets[0].ping at f.yaml:4:100 too, with another interval, rise "
       "or "
       "fall; give it the same ones; only the weight is an instance's own\n"},
      {second("name: V, port: p0, virtual_router_id: 2, virtual_addresses: [10.0.0.21]"),
       "f.yaml:4:8: vrrp.instances[1].name: \"V\" is vrrp.instances[0].name at f.yaml:3:8 too; "
       "give each instance a name of its own\n"},
      {second("name: W, port: p0, virtual_router_id: 1, virtual_addresses: [10.0.0.21]"),
       "f.yaml:4:40: vrrp.instances[1].virtual_router_id: 1 is "
       "vrrp.instances[0].virtual_router_id at f.yaml:3:40 too, on the same link; give each "
       "instance of a link and family an id of its own\n"},
      {second("name: W, port: p0, virtual_router_id: 2, virtual_addresses: [10.0.0.20]"),
       "f.yaml:4:63: vrrp.instances[1].virtual_addresses[0]: 10.0.0.20 is "
       "vrrp.instances[0].virtual_addresses[0] at f.yaml:3:63 too; give each address to one "
       "instance\n"},
      {kPorts + "vrrp:\n  instances: [{" + kFirst + kVip +
           "}]\n  sync_groups: [{name: G, instances: [V, W]}]\n",
       "f.yaml:4:42: vrrp.sync_groups[0].instances[1]: no instance is named \"W\"; name one of "
       "vrrp.instances\n"},
      {kPorts + "vrrp: {instances: [{name: V, interface: e0, virtual_router_id: 1, " + kVip +
           "}]}\n",
       "f.yaml:2:41: vrrp.instances[0].interface: \"e0\" is the device of port p0; write port: "
       "p0\n"},
  });
}

TEST(VrrpSection, differences) {
  const auto lines = [](const std::string& before, const std::string& after) {
    return difference(load_text(before, "f.yaml").config(), load_text(after, "f.yaml").config());
  };
  using Lines = std::vector<std::string>;
  EXPECT_EQ(lines(kPorts, instance(kVip)), Lines{"vrrp instance V: added"});
  EXPECT_EQ(lines(instance(kVip), kPorts), Lines{"vrrp instance V: removed"});
  EXPECT_EQ(lines(instance(kVip), instance(kVip)), Lines{});
  EXPECT_EQ(lines(instance(kVip), instance("virtual_addresses: [10.0.0.20, 10.0.0.21], "
                                           "priority: 90")),
            (Lines{"vrrp instance V: priority 100 -> 90",
                   "vrrp instance V: virtual_addresses [10.0.0.20/32] -> [10.0.0.20/32, "
                   "10.0.0.21/32]"}));
  const std::string secret = ", version: 2, authentication: {type: password, password: ";
  EXPECT_EQ(lines(instance(kVip + secret + "one}"), instance(kVip + secret + "two}")),
            Lines{"vrrp instance V: authentication changed"});
}

}  // namespace
}  // namespace lbd::config
