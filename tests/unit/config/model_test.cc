// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "control/config/loader.h"
#include "rows.h"

// That what the file says arrives, and that what it leaves out has the documented default.
namespace lbd::config {
namespace {

Config load(const std::string& text) {
  LoadResult result = load_text(text, "f.yaml");
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : describe(result.errors()));
  return result.ok() ? std::move(result).config() : Config{};
}

void expect_defaults(const Dataplane& dataplane) {
  EXPECT_EQ(dataplane.worker_cores, std::vector<unsigned>{1});
  EXPECT_TRUE(dataplane.hugepages);
  EXPECT_EQ(dataplane.memory_bytes, 0u);
  EXPECT_EQ(dataplane.max_connections, 1'000'000u);
  EXPECT_EQ(dataplane.half_open_percent, 50u);
  EXPECT_EQ(dataplane.idle, Idle::kPoll);
  EXPECT_EQ(dataplane.steering, Steering::kAuto);
  EXPECT_TRUE(dataplane.rss_key.empty());
  EXPECT_EQ(dataplane.rss_table_size, 512u);
  EXPECT_FALSE(dataplane.sloppy_tcp);
  EXPECT_TRUE(dataplane.eal_args.empty());
  EXPECT_EQ(dataplane.timeouts, Timeouts{});
}

TEST(Model, defaults) {
  const Config config = load(with(""));
  char host[256] = {};
  ASSERT_EQ(gethostname(host, sizeof(host) - 1), 0);
  EXPECT_EQ(config.daemon.name, host);
  EXPECT_EQ(config.daemon.log_level, LogLevel::kInfo);
  EXPECT_EQ(config.daemon.log_format, LogFormat::kText);
  EXPECT_EQ(config.daemon.socket, "/run/lbd/lbd.sock");
  EXPECT_FALSE(config.dataplane.control_core);
  expect_defaults(config.dataplane);
  const Port& port = config.ports.at(0);
  EXPECT_EQ(port.mtu, 1500);
  EXPECT_EQ(port.queues, 0u);
  EXPECT_EQ(port.rx_descriptors, 1024);
  EXPECT_EQ(port.tx_descriptors, 1024);
  EXPECT_FALSE(port.promiscuous);
  const Service& service = config.services.at(0);
  EXPECT_EQ(service.protocol, Protocol::kTcp);
  EXPECT_EQ(service.drain_timeout, std::chrono::minutes(5));
  EXPECT_TRUE(service.local_ports.empty());
  EXPECT_TRUE(service.real_servers.empty());
}

TEST(Model, daemon_and_dataplane) {
  const Config config = load(
      with("lbd: {name: lb1, log: {level: debug, format: json}, socket: /tmp/s}\n"
           "dataplane: {control_core: 3, worker_cores: [4, 5], hugepages: false, memory: 512MiB,\n"
           "  max_connections: 2000, half_open_share: 25%, idle: sleep, steering: software,\n"
           "  rss: {key: \"" +
           std::string(80, 'a') +
           "\", table_size: 128}, eal_args: [--x, \"y=1\"],\n"
           "  timeouts: {tcp_established: 1h, tcp_syn_sent: 1s, tcp_syn_recv: 2s, tcp_fin: 3s,\n"
           "    tcp_close: 4s, udp: 5s, icmp: 60s}}"));
  EXPECT_EQ(config.daemon, (Daemon{"lb1", LogLevel::kDebug, LogFormat::kJson, "/tmp/s", ""}));
  EXPECT_EQ(config.daemon_place.to_string(), "f.yaml:3:6");
  const Dataplane& dataplane = config.dataplane;
  EXPECT_EQ(dataplane.control_core, 3u);
  EXPECT_EQ(dataplane.worker_cores, (std::vector<unsigned>{4, 5}));
  EXPECT_FALSE(dataplane.hugepages);
  EXPECT_EQ(dataplane.memory_bytes, 512ull << 20);
  EXPECT_EQ(dataplane.max_connections, 2000u);
  EXPECT_EQ(dataplane.half_open_percent, 25u);
  EXPECT_EQ(dataplane.idle, Idle::kSleep);
  EXPECT_EQ(dataplane.steering, Steering::kSoftware);
  EXPECT_EQ(dataplane.rss_key, std::vector<uint8_t>(40, 0xaa));
  EXPECT_EQ(dataplane.rss_table_size, 128u);
  EXPECT_EQ(dataplane.eal_args, (std::vector<std::string>{"--x", "y=1"}));
  using std::chrono::seconds;
  EXPECT_EQ(dataplane.timeouts, (Timeouts{seconds(3600), seconds(1), seconds(2), seconds(3),
                                          seconds(4), seconds(5), seconds(60)}));
}

TEST(Model, devices) {
  struct Case {
    const char* text;
    DeviceKind kind;
    const char* argument;
  };
  for (const Case& test :
       {Case{"0000:0A:00.1", DeviceKind::kPci, "0000:0a:00.1"},
        Case{"03:00.0", DeviceKind::kPci, "0000:03:00.0"},
        Case{"mac:02:AA:00:00:00:01", DeviceKind::kMac, "02:aa:00:00:00:01"},
        Case{"af_xdp:eth1", DeviceKind::kAfXdp, "eth1"},
        Case{"af_packet:eth1", DeviceKind::kAfPacket, "eth1"},
        Case{"vdev:net_null0,size=64", DeviceKind::kVdev, "net_null0,size=64"}}) {
    const Config config = load("ports: [{name: p0, device: \"" + std::string(test.text) + "\"}]");
    ASSERT_EQ(config.ports.size(), 1u);
    EXPECT_EQ(config.ports[0].device.kind, test.kind) << test.text;
    EXPECT_EQ(config.ports[0].device.argument, test.argument);
    EXPECT_EQ(config.ports[0].device.text, test.text);
  }
}

TEST(Model, ports_and_routes) {
  const Config config = load(
      "ports: [{name: p0, device: \"af_xdp:e0\", addresses: [10.0.0.1/24, \"2001:db8::1/64\"],\n"
      "  mtu: 9000, queues: 2, rx_descriptors: 512, tx_descriptors: 256, promiscuous: true}]\n"
      "routes:\n- {to: default, via: 10.0.0.2}\n- {to: default, via: \"2001:db8::2\"}\n"
      "- {to: 10.8.0.1, via: 10.0.0.2, port: p0, source: 10.0.0.1, metric: 7}\n");
  const Port& port = config.ports.at(0);
  ASSERT_EQ(port.addresses.size(), 2u);
  EXPECT_EQ(port.addresses[0].to_string(), "10.0.0.1/24");
  EXPECT_EQ(port.addresses[1].to_string(), "2001:db8::1/64");
  EXPECT_EQ(port.mtu, 9000);
  EXPECT_EQ(port.queues, 2u);
  EXPECT_EQ(port.rx_descriptors, 512);
  EXPECT_EQ(port.tx_descriptors, 256);
  EXPECT_TRUE(port.promiscuous);
  EXPECT_EQ(port.place.to_string(), "f.yaml:1:9");
  ASSERT_EQ(config.routes.size(), 3u);
  EXPECT_EQ(config.routes[0].to.to_string(), "0.0.0.0/0");
  EXPECT_EQ(config.routes[1].to.to_string(), "::/0");
  EXPECT_EQ(config.routes[2].to.to_string(), "10.8.0.1/32");
  EXPECT_EQ(config.routes[2].via->to_string(), "10.0.0.2");
  EXPECT_EQ(config.routes[2].port, "p0");
  EXPECT_EQ(config.routes[2].source->to_string(), "10.0.0.1");
  EXPECT_EQ(config.routes[2].metric, 7u);
}

TEST(Model, services) {
  const Config config =
      load(kPorts +
           "services: [{name: dns, listen: [\"10.0.0.80:53\", \"10.0.0.81:53\"], protocol: udp,\n"
           "  forwarding: dr, scheduler: lc, drain_timeout: 90s, local_ports: [22, 179],\n"
           "  real_servers: [{address: 10.0.0.2}, {address: \"10.0.0.3:53\", weight: 0},\n"
           "    {address: 10.0.0.4, port: 53, weight: 65535}]}]\n");
  const Service& service = config.services.at(0);
  EXPECT_EQ(service.name, "dns");
  ASSERT_EQ(service.listen.size(), 2u);
  EXPECT_EQ(service.listen[1].to_string(), "10.0.0.81:53");
  EXPECT_EQ(service.protocol, Protocol::kUdp);
  EXPECT_EQ(service.scheduler, SchedulerKind::kLc);
  EXPECT_EQ(service.drain_timeout, std::chrono::seconds(90));
  EXPECT_EQ(service.local_ports, (std::vector<uint16_t>{22, 179}));
  ASSERT_EQ(service.real_servers.size(), 3u);
  EXPECT_EQ(service.real_servers[0].weight, 1u);
  EXPECT_FALSE(service.real_servers[0].port);
  EXPECT_EQ(service.real_servers[1].port, 53);
  EXPECT_EQ(service.real_servers[1].weight, 0u);
  EXPECT_EQ(service.real_servers[2].port, 53);
  EXPECT_EQ(service.real_servers[2].weight, 65535u);
}

// What config/lb.yaml marks as default must be what lbd does without that line.
TEST(Model, reference_shows_the_defaults) {
  const LoadResult result = load_file(LBD_SOURCE_ROOT "/config/lb.yaml");
  ASSERT_TRUE(result.ok()) << describe(result.errors());
  const Config& config = result.config();
  const Config defaults = load(with(""));
  EXPECT_EQ(config.daemon, defaults.daemon);
  expect_defaults(config.dataplane);
  for (const Port& port : config.ports) {
    EXPECT_EQ(port.mtu, 1500);
    EXPECT_EQ(port.queues, 0u);
    EXPECT_EQ(port.rx_descriptors, 1024);
    EXPECT_EQ(port.tx_descriptors, 1024);
    EXPECT_FALSE(port.promiscuous);
  }
  EXPECT_EQ(config.services.at(0).drain_timeout, defaults.services[0].drain_timeout);
}

TEST(Model, examples_are_accepted) {
  for (const char* name : {"dr.yaml", "tun.yaml"}) {
    const LoadResult result = load_file(std::string(LBD_SOURCE_ROOT "/config/") + name);
    EXPECT_TRUE(result.ok()) << describe(result.errors());
  }
}

}  // namespace
}  // namespace lbd::config
