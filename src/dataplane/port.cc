// SPDX-License-Identifier: Apache-2.0
#include "dataplane/port.h"

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <spdlog/fmt/fmt.h>

#include <cstring>
#include <memory>
#include <unordered_map>

#include "dataplane/device.h"
#include "dataplane/interface.h"
#include "dataplane/port_setup.h"
#include "dataplane/rss.h"

namespace lbd {
namespace {

/// Devices of started ports, by ethdev. Control thread only.
std::unordered_map<uint16_t, AttachedDevice>& devices() {
  static std::unordered_map<uint16_t, AttachedDevice> all;
  return all;
}

std::span<const uint8_t> key_of(const SteeringOptions& steering) {
  if (steering.key.empty()) return default_rss_key();
  return steering.key;
}

/// Whether `steering: rss` may be believed for a device that cannot be asked, because lb.yaml tells
/// its key. Such a device is taken to send table entry i to queue i mod queues.
std::string declared_obstacle(const SteeringOptions& steering, const Owner& owner, PortIndex port,
                              unsigned rx_queues) {
  if (steering.key.empty()) return "rss.key in lb.yaml does not say what it hashes with";
  if (rx_queues != owner.workers())
    return fmt::format("{} receive queues, {} workers", rx_queues, owner.workers());
  const auto table = redirection_table(owner, port, Owner::kTableSize);
  for (unsigned i = 0; i < table.size(); ++i)
    if (i % steering.table_size % rx_queues != table[i])
      return "a table of " + std::to_string(steering.table_size) +
             " entries filled evenly is not the owner function's on this port";
  return {};
}

struct Spread {
  bool rss = false;       // the device does it
  bool declared = false;  // lb.yaml says so, the device cannot be asked
  std::string why;        // why not
};

Spread choose_spread(const SteeringOptions& steering, const rte_eth_dev_info& info,
                     const std::string& bus, const Owner& owner, PortIndex port,
                     unsigned rx_queues) {
  if (owner.workers() == 1) return {true, false, ""};
  if (steering.mode == Steering::kSoftware) return {false, false, "as lb.yaml says"};
  std::string obstacle = rss_obstacle(info, bus, owner, rx_queues);
  if (obstacle.empty()) return {true, false, ""};
  if (steering.mode == Steering::kRss && info.reta_size == 0) {
    const std::string declared = declared_obstacle(steering, owner, port, rx_queues);
    if (declared.empty()) return {true, true, ""};
    obstacle += ", and " + declared;
  }
  return {false, false, obstacle};
}

std::string steering_note(const PortOptions& options, const Spread& spread, const Owner& owner,
                          const PortPlan& plan) {
  const std::string queues = fmt::format("{} receive and {} transmit queue{}", plan.rx_queues,
                                         plan.tx_queues, plan.tx_queues == 1 ? "" : "s");
  if (owner.workers() == 1) return fmt::format("port {}: one worker, {}", options.name, queues);
  if (spread.declared)
    return fmt::format("port {}: steering by the device, as lb.yaml declares it, {}", options.name,
                       queues);
  if (spread.rss)
    return fmt::format("port {}: steering by the device (RSS), {}", options.name, queues);
  return fmt::format("port {}: steering in software: {}; {}", options.name, spread.why, queues);
}

void fill_info(const PortOptions& options, const PortPlan& plan, uint16_t ethdev, bool rss,
               PortInfo& out) {
  out.name = options.name;
  out.device = options.device;
  out.ethdev = ethdev;
  out.socket = std::max(0, rte_eth_dev_socket_id(ethdev));
  rte_ether_addr mac{};
  rte_eth_macaddr_get(ethdev, &mac);
  std::memcpy(out.mac.bytes.data(), mac.addr_bytes, out.mac.bytes.size());
  out.mtu = options.mtu;
  out.rx_queues = plan.rx_queues;
  out.tx_queues = plan.tx_queues;
  out.rss = rss;
  out.rx_checksum = plan.rx_checksum;
}

/// Everything after the device was found; on an error the caller closes it.
Result<std::string> bring_up(const PortOptions& options, PortIndex index, const Owner& owner,
                             const SteeringOptions& steering, const AttachedDevice& device,
                             PortInfo& out) {
  rte_eth_dev_info info{};
  if (const int error = rte_eth_dev_info_get(device.ethdev, &info); error != 0)
    return Error{
        fmt::format("port {}: {}: {}", options.name, options.device, std::strerror(-error))};
  auto plan = plan_port(options, device, info, owner.workers());
  if (!plan) return plan.error();

  const std::string bus = rte_bus_name(rte_dev_bus(info.device));
  Spread spread = choose_spread(steering, info, bus, owner, index, plan->rx_queues);
  // Even where it is not by the owner function: receiving is work, too, and better shared.
  plan->spread = plan->rx_queues > 1 && bus != "vdev" && rss_types(info) != 0;
  const bool by_owner = spread.rss && !spread.declared && owner.workers() > 1;
  const auto pool = make_pool(options, *plan, rte_eth_dev_socket_id(device.ethdev));
  if (!pool) return pool.error();
  const auto key = by_owner ? key_of(steering) : std::span<const uint8_t>();
  if (const Status up = configure_port(options, *plan, device.ethdev, info, key, *pool); !up)
    return up.error();
  if (by_owner)
    if (const Status set = apply_rss(device.ethdev, info, owner, index, key); !set)
      spread = {false, false, std::string(info.driver_name) + ": " + set.error().message};
  if (!spread.rss && steering.mode == Steering::kRss)
    return Error{
        fmt::format("port {}: steering: rss is not possible with {}: {}; steering: auto steers "
                    "in software where it has to",
                    options.name, options.device, spread.why)};
  fill_info(options, *plan, device.ethdev, spread.rss, out);
  return steering_note(options, spread, owner, *plan);
}

}  // namespace

uint64_t port_buffer_bytes(const PortOptions& options, unsigned workers) {
  // An mbuf's own header, the mempool's, and alignment.
  constexpr uint64_t kMbufOverhead = 128 + 64 + 64 + RTE_PKTMBUF_HEADROOM;
  const unsigned queues = std::max(options.queues, workers);
  const uint64_t count =
      buffer_count(queues, workers, options.rx_descriptors, options.tx_descriptors) +
      uint64_t{workers} * options.held_packets;
  return count * (buffer_bytes(options.mtu, 0) + kMbufOverhead);
}

Result<std::string> start_port(const PortOptions& options, PortIndex index, unsigned workers,
                               const SteeringOptions& steering, PortInfo& out) {
  const auto name = DeviceName::parse(options.device);
  if (!name) return Error{fmt::format("port {}: {}", options.name, name.error().message)};
  const bool queues_given = options.queues != 0;
  const DeviceNeeds needs{index, options.mtu, queues_given ? options.queues : workers,
                          options.rx_descriptors};
  auto device = attach_device(*name, needs, queues_given);
  if (!device) return Error{fmt::format("port {}: {}", options.name, device.error().message)};

  const Owner owner(key_of(steering), workers);
  auto note = bring_up(options, index, owner, steering, *device, out);
  if (!note) {
    close_device(*device);
    return note;
  }
  devices().insert_or_assign(device->ethdev, std::move(*device));
  out.link_up.store(read_link(out), std::memory_order_relaxed);
  return note;
}

void stop_port(PortInfo& port) {
  const auto found = devices().find(port.ethdev);
  if (port.name.empty() || found == devices().end()) return;
  close_device(found->second);
  devices().erase(found);
}

bool read_link(const PortInfo& port) {
  // Drivers on kernel interfaces report a link of their own making.
  if (const auto name = DeviceName::parse(port.device); name && name->is_interface())
    return interface::has_link(name->argument);
  rte_eth_link link{};
  return rte_eth_link_get_nowait(port.ethdev, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

Status receive_mac(const PortInfo& port, const MacAddress& mac, bool on) {
  rte_ether_addr address{};
  std::memcpy(address.addr_bytes, mac.bytes.data(), mac.bytes.size());
  int error = on ? rte_eth_dev_mac_addr_add(port.ethdev, &address, 0)
                 : rte_eth_dev_mac_addr_remove(port.ethdev, &address);
  if (error == -ENOTSUP || error == -ENOSPC)
    error = on ? rte_eth_promiscuous_enable(port.ethdev) : 0;
  if (error == 0) return Done{};
  return Error{fmt::format("port {}: the device cannot {} the MAC address {}: {}", port.name,
                           on ? "receive" : "stop receiving", mac.to_string(),
                           std::strerror(-error))};
}

PortStatistics read_statistics(const PortInfo& port) {
  rte_eth_stats stats{};
  if (rte_eth_stats_get(port.ethdev, &stats) != 0) return {};
  return {stats.ipackets, stats.opackets,  stats.ibytes,  stats.obytes,
          stats.imissed,  stats.rx_nombuf, stats.ierrors, stats.oerrors};
}

}  // namespace lbd
