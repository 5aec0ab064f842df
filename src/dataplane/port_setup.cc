// SPDX-License-Identifier: Apache-2.0
#include "dataplane/port_setup.h"

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "dataplane/eal_log.h"
#include "dataplane/rss.h"

namespace lbd {
namespace {

constexpr unsigned kCacheSize = 256;
/// Hand-off rings, rings of the TAP, packets that wait for a neighbour.
constexpr unsigned kRingBuffers = 4096;
constexpr unsigned kRingBuffersPerWorker = 4096;
/// Ethernet header, two VLAN tags, frame check sequence.
constexpr unsigned kFrameOverhead = 14 + 8 + 4;

constexpr uint64_t kChecksums =
    RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM;

/// The next number that the device's limits and its rings (powers of two) allow.
uint16_t fit_descriptors(uint16_t wanted, const rte_eth_desc_lim& limits) {
  unsigned count = std::bit_ceil(static_cast<unsigned>(wanted));
  if (limits.nb_max != 0) count = std::min<unsigned>(count, limits.nb_max);
  count = std::max<unsigned>(count, limits.nb_min);
  return static_cast<uint16_t>(std::min(count, 32768u));
}

/// Drivers tell it as MTU, or as frame length and leave the MTU at its maximum.
unsigned largest_mtu(const rte_eth_dev_info& info) {
  if (info.max_mtu != UINT16_MAX) return info.max_mtu;
  const unsigned overhead = RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;
  return std::min<unsigned>(UINT16_MAX, info.max_rx_pktlen - overhead);
}

Error failure(const PortOptions& options, const char* what, int error) {
  return Error{fmt::format("port {}: {} ({}): {}{}", options.name, what, options.device,
                           std::strerror(-error), eal_cause())};
}

Status plan_queues(const PortOptions& options, const AttachedDevice& device,
                   const rte_eth_dev_info& info, unsigned workers, PortPlan& plan) {
  unsigned rx = device.fixed_queues, tx = device.fixed_queues;
  if (rx == 0 && options.queues != 0) {
    const unsigned most = std::min(info.max_rx_queues, info.max_tx_queues);
    if (options.queues > most)
      return Error{fmt::format("port {}: queues: {} is more than {} has: at most {}", options.name,
                               options.queues, options.device, most)};
    rx = tx = options.queues;
  }
  if (rx == 0) {
    rx = std::min<unsigned>(workers, info.max_rx_queues);
    tx = std::min<unsigned>(workers, info.max_tx_queues);
  }
  if (rx == 0 || tx == 0)
    return Error{fmt::format("port {}: {} cannot {}", options.name, options.device,
                             rx == 0 ? "receive" : "send")};
  plan.rx_queues = static_cast<uint16_t>(rx);
  plan.tx_queues = static_cast<uint16_t>(tx);
  return Done{};
}

Status setup_queues(const PortOptions& options, const PortPlan& plan, uint16_t ethdev,
                    const rte_eth_dev_info& info, rte_mempool* pool) {
  const int node = rte_eth_dev_socket_id(ethdev);
  const auto socket = static_cast<unsigned>(node < 0 ? SOCKET_ID_ANY : node);
  rte_eth_rxconf rx = info.default_rxconf;
  rx.offloads = plan.rx_offloads;
  for (uint16_t queue = 0; queue < plan.rx_queues; ++queue)
    if (const int error =
            rte_eth_rx_queue_setup(ethdev, queue, plan.rx_descriptors, socket, &rx, pool);
        error != 0)
      return failure(options, "no receive queue", error);
  rte_eth_txconf tx = info.default_txconf;
  tx.offloads = 0;
  for (uint16_t queue = 0; queue < plan.tx_queues; ++queue)
    if (const int error = rte_eth_tx_queue_setup(ethdev, queue, plan.tx_descriptors, socket, &tx);
        error != 0)
      return failure(options, "no transmit queue", error);
  return Done{};
}

}  // namespace

uint32_t buffer_bytes(uint16_t mtu, unsigned device_maximum) {
  // Cards count receive buffers in KiB.
  const uint32_t frame = std::max(2048u, (mtu + kFrameOverhead + 1023u) / 1024 * 1024);
  return device_maximum == 0 ? frame : std::min(frame, device_maximum);
}

uint32_t buffer_count(unsigned queues, unsigned workers, unsigned rx_descriptors,
                      unsigned tx_descriptors) {
  const unsigned descriptors = std::bit_ceil(rx_descriptors) + std::bit_ceil(tx_descriptors);
  return 2 * std::max(queues, workers) * descriptors +
         workers * (kCacheSize * 3 / 2 + kRingBuffersPerWorker) + kRingBuffers;
}

Result<PortPlan> plan_port(const PortOptions& options, const AttachedDevice& device,
                           const rte_eth_dev_info& info, unsigned workers) {
  PortPlan plan;
  if (const Status queues = plan_queues(options, device, info, workers, plan); !queues)
    return queues.error();
  if (const unsigned most = largest_mtu(info); options.mtu > most)
    return Error{fmt::format("port {}: mtu: {} is more than {} can: at most {}", options.name,
                             options.mtu, options.device, most)};
  plan.rx_descriptors = fit_descriptors(options.rx_descriptors, info.rx_desc_lim);
  plan.tx_descriptors = fit_descriptors(options.tx_descriptors, info.tx_desc_lim);
  plan.rx_checksum = (info.rx_offload_capa & kChecksums) == kChecksums;
  if (plan.rx_checksum) plan.rx_offloads |= kChecksums;
  plan.one_array = std::string_view(info.driver_name) == "net_af_xdp";
  plan.buffer_bytes = buffer_bytes(options.mtu, device.max_buffer);
  plan.buffers = buffer_count(std::max(plan.rx_queues, plan.tx_queues), workers,
                              plan.rx_descriptors, plan.tx_descriptors) +
                 workers * options.held_packets;
  return plan;
}

namespace {

/// rte_pktmbuf_pool_create() has no flags. Null with rte_errno where there is no memory.
rte_mempool* make_array(const std::string& name, unsigned count, uint16_t room, int socket) {
  rte_mempool* pool = rte_mempool_create_empty(name.c_str(), count, sizeof(rte_mbuf) + room,
                                               kCacheSize, sizeof(rte_pktmbuf_pool_private), socket,
                                               RTE_MEMPOOL_F_NO_IOVA_CONTIG);
  if (pool == nullptr) return nullptr;
  rte_pktmbuf_pool_private shape{};
  shape.mbuf_data_room_size = room;
  rte_pktmbuf_pool_init(pool, &shape);
  const int filled = rte_mempool_populate_default(pool);
  if (filled < 0) {
    rte_mempool_free(pool);
    rte_errno = -filled;
    return nullptr;
  }
  rte_mempool_obj_iter(pool, rte_pktmbuf_init, nullptr);
  return pool;
}

}  // namespace

Result<rte_mempool*> make_pool(const PortOptions& options, const PortPlan& plan, int socket) {
  clear_eal_errors();
  const std::string name = "pkt_" + options.name;
  const auto room = static_cast<uint16_t>(RTE_PKTMBUF_HEADROOM + plan.buffer_bytes);
  rte_mempool* pool = plan.one_array ? make_array(name, plan.buffers, room, socket)
                                     : rte_pktmbuf_pool_create(name.c_str(), plan.buffers,
                                                               kCacheSize, 0, room, socket);
  if (pool != nullptr) return pool;
  return Error{fmt::format(
      "port {}: no memory for {} packet buffers of {} bytes: {}{}; raise memory:", options.name,
      plan.buffers, plan.buffer_bytes, rte_strerror(rte_errno), eal_cause())};
}

Status configure_port(const PortOptions& options, const PortPlan& plan, uint16_t ethdev,
                      const rte_eth_dev_info& info, std::span<const uint8_t> key,
                      rte_mempool* pool) {
  clear_eal_errors();
  std::vector<uint8_t> padded = device_key(key, info.hash_key_size);
  rte_eth_conf conf{};
  conf.rxmode.mtu = options.mtu;
  conf.rxmode.offloads = plan.rx_offloads;
  if (plan.spread) {
    conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf.rx_adv_conf.rss_conf.rss_hf = rss_types(info);
    if (!key.empty()) {
      conf.rx_adv_conf.rss_conf.rss_key = padded.data();
      conf.rx_adv_conf.rss_conf.rss_key_len = static_cast<uint8_t>(padded.size());
    }
  }
  if (const int error = rte_eth_dev_configure(ethdev, plan.rx_queues, plan.tx_queues, &conf);
      error != 0)
    return failure(options, "the device refuses its configuration", error);
  if (const Status queues = setup_queues(options, plan, ethdev, info, pool); !queues) return queues;
  if (const int error = rte_eth_dev_start(ethdev); error != 0)
    return failure(options, "the device does not start", error);

  // Drivers without a filter receive all multicast anyway and may say "not supported".
  const int multicast = rte_eth_allmulticast_enable(ethdev);
  if (multicast != 0 && multicast != -ENOTSUP)
    return failure(options, "the device does not receive all multicast", multicast);
  const int promiscuous = options.promiscuous ? rte_eth_promiscuous_enable(ethdev) : 0;
  if (promiscuous != 0) return failure(options, "the device cannot be promiscuous", promiscuous);
  return Done{};
}

}  // namespace lbd
