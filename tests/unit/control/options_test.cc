// SPDX-License-Identifier: Apache-2.0
#include "control/options.h"

#include <gtest/gtest.h>

namespace lbd {
namespace {

using std::chrono::milliseconds;

config::Config make_config() {
  config::Config config;
  config.dataplane.control_core = 3;
  config.dataplane.worker_cores = {1, 2};
  config.dataplane.hugepages = false;
  config.dataplane.memory_bytes = 512 << 20;
  config.dataplane.max_connections = 12345;
  config.dataplane.half_open_percent = 25;
  config.dataplane.idle = config::Idle::kSleep;
  config.dataplane.steering = config::Steering::kSoftware;
  config.dataplane.eal_args = {"--lcores=0@0"};
  config.dataplane.timeouts = {milliseconds(1), milliseconds(2), milliseconds(3), milliseconds(4),
                               milliseconds(5), milliseconds(6), milliseconds(7)};
  config::Port port;
  port.name = "wan0";
  port.device = {config::DeviceKind::kAfXdp, "eth1", "af_xdp:eth1"};
  port.mtu = 1400;
  port.queues = 2;
  port.rx_descriptors = 512;
  port.tx_descriptors = 256;
  port.promiscuous = true;
  config.ports = {port};
  return config;
}

TEST(DataplaneOptions, TakeOverWhatTheFileSays) {
  const DataplaneOptions options = dataplane_options(make_config());
  EXPECT_EQ(options.eal.control_core, 3u);
  EXPECT_EQ(options.eal.worker_cores, (std::vector<unsigned>{1, 2}));
  EXPECT_FALSE(options.eal.hugepages);
  EXPECT_EQ(options.eal.memory_bytes, 512u << 20);
  EXPECT_GT(options.eal.memory_needed_bytes, 12345u * 128);
  EXPECT_EQ(options.eal.extra_args, std::vector<std::string>{"--lcores=0@0"});
  EXPECT_EQ(options.max_connections, 12345u);
  EXPECT_EQ(options.half_open_percent, 25u);
  EXPECT_TRUE(options.idle_sleep);
  EXPECT_EQ(options.steering.mode, Steering::kSoftware);
  EXPECT_EQ(options.timeouts.established, 1u);
  EXPECT_EQ(options.timeouts.syn_sent, 2u);
  EXPECT_EQ(options.timeouts.syn_recv, 3u);
  EXPECT_EQ(options.timeouts.fin, 4u);
  EXPECT_EQ(options.timeouts.close, 5u);
  EXPECT_EQ(options.timeouts.udp, 6u);
  EXPECT_EQ(options.timeouts.icmp, 7u);
  ASSERT_EQ(options.ports.size(), 1u);
  EXPECT_EQ(options.ports[0].name, "wan0");
  EXPECT_EQ(options.ports[0].device, "af_xdp:eth1");
  EXPECT_EQ(options.ports[0].mtu, 1400);
  EXPECT_EQ(options.ports[0].queues, 2u);
  EXPECT_EQ(options.ports[0].rx_descriptors, 512);
  EXPECT_EQ(options.ports[0].tx_descriptors, 256);
  EXPECT_TRUE(options.ports[0].promiscuous);
}

TEST(DataplaneOptions, ProbeThePciBusOnlyForPciDevices) {
  config::Config config = make_config();
  EXPECT_FALSE(dataplane_options(config).eal.any_pci);
  for (const auto kind : {config::DeviceKind::kPci, config::DeviceKind::kMac}) {
    config.ports[0].device.kind = kind;
    EXPECT_TRUE(dataplane_options(config).eal.any_pci);
  }
}

}  // namespace
}  // namespace lbd
