// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "common/result.h"
#include "dataplane/device.h"
#include "dataplane/port.h"

struct rte_eth_dev_info;
struct rte_mempool;

// The steps of start_port between an attached device and a started one.
namespace lbd {

/// What an ethdev will be configured with.
struct PortPlan {
  uint16_t rx_queues = 1;
  uint16_t tx_queues = 1;
  uint16_t rx_descriptors = 0;
  uint16_t tx_descriptors = 0;
  uint64_t rx_offloads = 0;
  uint32_t buffer_bytes = 0;  // data room of an mbuf, headroom not included
  uint32_t buffers = 0;
  bool rx_checksum = false;
  bool spread = false;     // ask the device for RSS
  bool one_array = false;  // buffers without gaps between them: see make_pool()
};

/// Room for one whole frame, so that no packet ever has a second segment: at least 2 KiB.
/// `device_maximum` of 0: none.
uint32_t buffer_bytes(uint16_t mtu, unsigned device_maximum);
/// Enough for all descriptors twice (drivers keep as many in flight as they have free), for what
/// waits in other ports' transmit rings, hand-off rings and caches.
uint32_t buffer_count(unsigned queues, unsigned workers, unsigned rx_descriptors,
                      unsigned tx_descriptors);

Result<PortPlan> plan_port(const PortOptions& options, const AttachedDevice& device,
                           const rte_eth_dev_info& info, unsigned workers);

/// net_af_xdp registers a pool with the kernel as if it were one array of its objects (DPDK before
/// 24.07). But a pool whose objects are to be contiguous in physical memory has gaps where a page
/// ends: as much at the pool's end is unknown to the kernel then, which loses a packet and a buffer
/// for each frame there. AF_XDP needs no physical addresses, so with `one_array` there are no gaps.
Result<rte_mempool*> make_pool(const PortOptions& options, const PortPlan& plan, int socket);

/// Configures, sets the queues up, starts, and sets the receive modes. `key` empty: the driver's
/// own.
Status configure_port(const PortOptions& options, const PortPlan& plan, uint16_t ethdev,
                      const rte_eth_dev_info& info, std::span<const uint8_t> key,
                      rte_mempool* pool);

}  // namespace lbd
