// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

namespace lbd::config {
namespace {

TEST(PortsSection, accepted) {
  check_rows({
      {port(
           R"(addresses: [192.0.2.11/24, 10.0.0.0/31, 10.0.1.1/32, "2001:db8::11/64", "fe80::1/64"], mtu: 1280)"),
       "ok\n"},
      {port("mtu: 68, queues: 64, rx_descriptors: 64, tx_descriptors: 4096, promiscuous: true, "
            "local_addresses: []"),
       "ok\n"},
      {port("queues: auto, mtu: 9600"), "ok\n"},
      {"ports: [{name: p0, device: \"0000:03:00.0\"}]\n", "ok\n"},
      {"ports: [{name: p0, device: 03:00.1}]\n", "ok\n"},
      {"ports: [{name: p0, device: mac:02:00:00:00:00:01}]\n", "ok\n"},
      {"ports: [{name: p0, device: af_packet:eth0.1}]\n", "ok\n"},
      {"ports: [{name: p0, device: \"vdev:net_null0,size=64\"}]\n", "ok\n"},
  });
}

TEST(PortsSection, name) {
  check_rows({
      {"ports: [{device: \"af_xdp:e0\"}]\n",
       "f.yaml:1:9: ports[0].name: is missing; name the port, as wan0\n"},
      {"ports: [{name: sixteen_letters_, device: \"af_xdp:e0\"}]\n",
       "f.yaml:1:16: ports[0].name: \"sixteen_letters_\" is longer than 15 characters; use up to "
       "15 letters, digits and . _ - : it is a TAP's name\n"},
      {"ports: [{name: a/b, device: \"af_xdp:e0\"}]\n",
       "f.yaml:1:16: ports[0].name: \"a/b\" is no name for a network interface; use up to 15 "
       "letters, digits and . _ - : it is a TAP's name\n"},
      {"ports: [{name: a b, device: \"af_xdp:e0\"}]\n",
       "f.yaml:1:16: ports[0].name: \"a b\" is no name for a network interface; use up to 15 "
       "letters, digits and . _ - : it is a TAP's name\n"},
      {"ports: [{name: all, device: \"af_xdp:e0\"}]\n",
       "f.yaml:1:16: ports[0].name: \"all\" is a name that the kernel keeps for itself; use up to "
       "15 letters, digits and . _ - : it is a TAP's name\n"},
      {"ports: [{name: e0, device: \"af_xdp:e0\"}]\n",
       "f.yaml:1:16: ports[0].name: \"e0\" is the interface of ports[0].device at f.yaml:1:28; the "
       "port's TAP needs a name that no interface has\n"},
      {"ports:\n"
       "- {name: p, device: \"af_xdp:e0\"}\n"
       "- {name: p, device: \"af_xdp:e1\"}\n",
       "f.yaml:3:10: ports[1].name: \"p\" is ports[0].name at f.yaml:2:10 too; give each port a "
       "name of its own\n"},
  });
}

TEST(PortsSection, device) {
  check_rows({
      {"ports: [{name: p0}]\n",
       "f.yaml:1:9: ports[0].device: is missing; write a PCI address, af_xdp:eth1, af_packet:eth1, "
       "...\n"},
      {"ports: [{name: p0, device: eth0}]\n",
       "f.yaml:1:28: ports[0].device: \"eth0\" is not a device; write a PCI address as "
       "\"0000:03:00.0\", mac:MAC, af_xdp:IFNAME, af_packet:IFNAME or vdev:ARGUMENT\n"},
      {"ports: [{name: p0, device: \"0000:03:00.8\"}]\n",
       "f.yaml:1:28: ports[0].device: \"0000:03:00.8\" is not a device; write a PCI address as "
       "\"0000:03:00.0\", mac:MAC, af_xdp:IFNAME, af_packet:IFNAME or vdev:ARGUMENT\n"},
      {"ports: [{name: p0, device: \"af_xdp:\"}]\n",
       "f.yaml:1:28: ports[0].device: \"\" is no name for a network interface\n"},
      {"ports: [{name: p0, device: \"af_packet:a/b\"}]\n",
       "f.yaml:1:28: ports[0].device: \"a/b\" is no name for a network interface\n"},
      {"ports: [{name: p0, device: mac:02:00:00:00:01}]\n",
       "f.yaml:1:28: ports[0].device: \"02:00:00:00:01\" is not a MAC address\n"},
      {"ports: [{name: p0, device: mac:01:00:00:00:00:01}]\n",
       "f.yaml:1:28: ports[0].device: 01:00:00:00:00:01 is no device's MAC\n"},
      {"ports: [{name: p0, device: \"vdev:\"}]\n",
       "f.yaml:1:28: ports[0].device: \"\" is no DPDK vdev argument\n"},
      {"ports: [{name: p0, device: \"af_xdp:a\\nb\"}]\n",
       "f.yaml:1:28: ports[0].device: \"a\\x0ab\" is no name for a network interface\n"},
      {"ports:\n"
       "- {name: p, device: \"af_xdp:e0\"}\n"
       "- {name: q, device: \"af_packet:e0\"}\n",
       "f.yaml:3:21: ports[1].device: \"af_packet:e0\" is the device of ports[0].device at "
       "f.yaml:2:21 too; give each port a device of its own\n"},
      {"ports:\n"
       "- {name: p, device: \"0000:0A:00.0\"}\n"
       "- {name: q, device: \"0a:00.0\"}\n",
       "f.yaml:3:21: ports[1].device: \"0a:00.0\" is the device of ports[0].device at f.yaml:2:21 "
       "too; give each port a device of its own\n"},
  });
}

TEST(PortsSection, addresses) {
  check_rows({
      {port("addresses: [192.0.2.11]"),
       "f.yaml:2:13: ports[0].addresses[0]: \"192.0.2.11\" has no prefix length; write it as "
       "192.0.2.11/24 or \"2001:db8::11/64\"\n"},
      {port("addresses: [192.0.2.11/33]"),
       "f.yaml:2:13: ports[0].addresses[0]: \"192.0.2.11/33\" is not an address with prefix; write "
       "it as 192.0.2.11/24 or \"2001:db8::11/64\"\n"},
      {port("addresses: [wan]"),
       "f.yaml:2:13: ports[0].addresses[0]: \"wan\" is not an address with prefix; write it as "
       "192.0.2.11/24 or \"2001:db8::11/64\"\n"},
      {port("addresses: 192.0.2.1/24"),
       "f.yaml:2:12: ports[0].addresses: expected a list, got \"192.0.2.1/24\"; write it as [a, b] "
       "or one \"- a\" a line\n"},
      {port("addresses: [192.0.2.0/24]"),
       "f.yaml:2:13: ports[0].addresses[0]: 192.0.2.0/24 is the address of the network "
       "192.0.2.0/24; give the port a host's address\n"},
      {port("addresses: [192.0.2.255/24]"),
       "f.yaml:2:13: ports[0].addresses[0]: 192.0.2.255/24 is the broadcast address of "
       "192.0.2.0/24; give the port a host's address\n"},
      {port("addresses: [192.0.2.0/30]"),
       "f.yaml:2:13: ports[0].addresses[0]: 192.0.2.0/30 is the address of the network "
       "192.0.2.0/30; give the port a host's address\n"},
      {port("addresses: [192.0.2.3/30]"),
       "f.yaml:2:13: ports[0].addresses[0]: 192.0.2.3/30 is the broadcast address of 192.0.2.0/30; "
       "give the port a host's address\n"},
      {port("addresses: [192.0.2.1/0]"),
       "f.yaml:2:13: ports[0].addresses[0]: 192.0.2.1/0 has the prefix length 0; give the port a "
       "host's address\n"},
      {port("addresses: [0.0.0.0/8]"),
       "f.yaml:2:13: ports[0].addresses[0]: 0.0.0.0/8 is the unspecified address; give the port a "
       "host's address\n"},
      {port("addresses: [0.1.2.3/24]"),
       "f.yaml:2:13: ports[0].addresses[0]: 0.1.2.3/24 is in 0.0.0.0/8, which no host has; give "
       "the port a host's address\n"},
      {port("addresses: [127.0.0.1/8]"),
       "f.yaml:2:13: ports[0].addresses[0]: 127.0.0.1/8 is a loopback address; give the port a "
       "host's address\n"},
      {port("addresses: [224.0.0.1/4]"),
       "f.yaml:2:13: ports[0].addresses[0]: 224.0.0.1/4 is a multicast address; give the port a "
       "host's address\n"},
      {port("addresses: [255.255.255.255/32]"),
       "f.yaml:2:13: ports[0].addresses[0]: 255.255.255.255/32 is the broadcast address; give the "
       "port a host's address\n"},
      {port(R"(addresses: ["::/64"])"),
       "f.yaml:2:13: ports[0].addresses[0]: ::/64 is the unspecified address; give the port a "
       "host's address\n"},
      {port(R"(addresses: ["::1/128"])"),
       "f.yaml:2:13: ports[0].addresses[0]: ::1/128 is a loopback address; give the port a host's "
       "address\n"},
      {port(R"(addresses: ["ff02::1/64"])"),
       "f.yaml:2:13: ports[0].addresses[0]: ff02::1/64 is a multicast address; give the port a "
       "host's address\n"},
      {port(R"(addresses: ["::ffff:10.0.0.1/120"])"),
       "f.yaml:2:13: ports[0].addresses[0]: ::ffff:10.0.0.1/120 is an IPv4-mapped address; give "
       "the port a host's address\n"},
      {port("addresses: [10.0.0.1/24, 10.0.0.1/16]"),
       "f.yaml:2:26: ports[0].addresses[1]: 10.0.0.1 is ports[0].addresses[0] at f.yaml:2:13 too; "
       "assign an address once\n"},
      {"ports:\n"
       "- {name: p, device: \"af_xdp:e0\", addresses: [10.0.0.1/24]}\n"
       "- {name: q, device: \"af_xdp:e1\", addresses: [10.0.0.1/24]}\n",
       "f.yaml:3:46: ports[1].addresses[0]: 10.0.0.1 is ports[0].addresses[0] at f.yaml:2:46 too; "
       "assign an address once\n"},
  });
}

TEST(PortsSection, local_addresses) {
  check_rows({
      {port("local_addresses: [10.0.0.5]"), "ok\n"},
      {port("addresses: [10.0.0.5/24], local_addresses: [10.0.0.4-10.0.0.6]"),
       "f.yaml:2:45: ports[0].local_addresses[0]: 10.0.0.5 is ports[0].addresses[0] at f.yaml:2:13 "
       "too; keep local_addresses apart from addresses\n"},
      {"ports:\n"
       "- {name: p, device: \"af_xdp:e0\", addresses: [\"2001:db8::5/64\"]}\n"
       "- {name: q, device: \"af_xdp:e1\", local_addresses: [\"2001:db8::-2001:db8::f\", "
       "10.0.0.1]}\n",
       "f.yaml:3:52: ports[1].local_addresses[0]: 2001:db8::5 is ports[0].addresses[0] at "
       "f.yaml:2:46 too; keep local_addresses apart from addresses\n"},
      {port("addresses: [10.0.0.5/24], local_addresses: [10.0.0.5]"),
       "f.yaml:2:45: ports[0].local_addresses[0]: 10.0.0.5 is ports[0].addresses[0] at f.yaml:2:13 "
       "too; keep local_addresses apart from addresses\n"},
      {port("addresses: [10.0.0.5/24], local_addresses: [10.0.0.6-10.0.0.9, 10.0.0.1-10.0.0.4]"),
       "ok\n"},
      {port("local_addresses: [10.0.0.6-10.0.0.4]"),
       "f.yaml:2:19: ports[0].local_addresses[0]: \"10.0.0.6-10.0.0.4\" is not a range of "
       "addresses; write it as 192.0.2.100-192.0.2.103\n"},
      {port("local_addresses: 10.0.0.5"),
       "f.yaml:2:18: ports[0].local_addresses: expected a list, got \"10.0.0.5\"; write it as [a, "
       "b] or one \"- a\" a line\n"},
      {port("local_addresses: [10.0.0.0-10.0.7.0]"),
       "f.yaml:2:19: ports[0].local_addresses[0]: more than 1024 addresses; give a port fewer: "
       "each "
       "is good for 64,512 connections to each server\n"},
      {port("local_addresses: [127.0.0.1]"),
       "f.yaml:2:19: ports[0].local_addresses[0]: 127.0.0.1 is a loopback address; name addresses "
       "of "
       "a port's network\n"},
      {port("local_addresses: [10.0.0.4-10.0.0.9, 10.0.0.1-10.0.0.5]"),
       "f.yaml:2:38: ports[0].local_addresses[1]: 10.0.0.4 is ports[0].local_addresses[0] at "
       "f.yaml:2:19 too; keep local_addresses for fullnat alone\n"},
      {port("local_addresses: [10.0.0.80]") +
           "services: [{name: w, listen: [\"10.0.0.80:80\"], forwarding: dr, scheduler: rr}]\n",
       "f.yaml:2:19: ports[0].local_addresses[0]: 10.0.0.80 is services[0].listen[0] at "
       "f.yaml:3:31 "
       "too; keep local_addresses for fullnat alone\n"},
  });
}

TEST(PortsSection, numbers) {
  check_rows({
      {port("mtu: 67"), "f.yaml:2:6: ports[0].mtu: 67 is below 68; use 68..9600\n"},
      {port("mtu: 9601"), "f.yaml:2:6: ports[0].mtu: 9601 is above 9600; use 68..9600\n"},
      {port(R"(mtu: 1279, addresses: [10.0.0.1/24, "2001:db8::1/64"])"),
       "f.yaml:2:6: ports[0].mtu: 1279 is below 1280, which IPv6 needs (2001:db8::1/64); use "
       "1280..9600 or take the IPv6 addresses off the port\n"},
      {port("queues: 0"), "f.yaml:2:9: ports[0].queues: 0 is below 1; use 1..64\n"},
      {port("queues: 65"), "f.yaml:2:9: ports[0].queues: 65 is above 64; use 1..64\n"},
      {port("queues: many"),
       "f.yaml:2:9: ports[0].queues: \"many\" is not a whole number; use 1..64\n"},
      {port("rx_descriptors: 32"),
       "f.yaml:2:17: ports[0].rx_descriptors: 32 is below 64; use 64..4096\n"},
      {port("rx_descriptors: 8192"),
       "f.yaml:2:17: ports[0].rx_descriptors: 8192 is above 4096; use 64..4096\n"},
      {port("tx_descriptors: 1000"),
       "f.yaml:2:17: ports[0].tx_descriptors: 1000 is no power of two; use 64, 128, 256, 512, "
       "1024, 2048 or 4096\n"},
      {port("promiscuous: 1"),
       "f.yaml:2:14: ports[0].promiscuous: expected true or false, got \"1\"\n"},
      {port("speed: 10"),
       "f.yaml:2:1: ports[0]: unknown key \"speed\"; known here: name, device, addresses, mtu, "
       "queues, rx_descriptors, tx_descriptors, promiscuous, local_addresses\n"},
  });
}

}  // namespace
}  // namespace lbd::config
