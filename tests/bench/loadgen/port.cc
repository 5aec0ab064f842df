// SPDX-License-Identifier: Apache-2.0
#include "port.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <cstring>
#include <span>
#include <string>

namespace lbd::loadgen {
namespace {

constexpr uint16_t kDescriptors = 1024;
constexpr unsigned kBuffers = 8191;
constexpr unsigned kCache = 512;
constexpr uint16_t kNoPort = RTE_MAX_ETHPORTS;

Error failed(const std::string& what, int code) {
  return Error{what + ": " + rte_strerror(code < 0 ? -code : code)};
}

rte_mempool* make_pool(const char* name) {
  return rte_pktmbuf_pool_create(name, kBuffers, kCache, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
                                 static_cast<int>(rte_socket_id()));
}

int configure(uint16_t id, rte_mempool* receive_pool) {
  rte_eth_conf conf{};
  uint16_t receive = kDescriptors;
  uint16_t transmit = kDescriptors;
  int code = rte_eth_dev_configure(id, 1, 1, &conf);
  if (code == 0) code = rte_eth_dev_adjust_nb_rx_tx_desc(id, &receive, &transmit);
  const unsigned socket = rte_socket_id();
  if (code == 0) code = rte_eth_rx_queue_setup(id, 0, receive, socket, nullptr, receive_pool);
  if (code == 0) code = rte_eth_tx_queue_setup(id, 0, transmit, socket, nullptr);
  if (code == 0) code = rte_eth_dev_start(id);
  return code;
}

}  // namespace

Result<Port> Port::open(uint32_t largest_frame) {
  const auto id = static_cast<uint16_t>(rte_eth_find_next(0));
  if (id >= RTE_MAX_ETHPORTS) {
    return Error{"no device: give one to EAL, as --vdev=net_vhost0,iface=SOCKET,queues=1"};
  }
  if (largest_frame > RTE_MBUF_DEFAULT_DATAROOM) return Error{"frames do not fit a buffer"};
  rte_mempool* receive = make_pool("receive");
  rte_mempool* transmit = make_pool("transmit");
  if (receive == nullptr || transmit == nullptr) {
    return failed("packet buffers (more huge pages may help)", rte_errno);
  }
  if (const int code = configure(id, receive); code != 0) return failed("device", code);
  rte_eth_promiscuous_enable(id);  // frames come back with real servers' MACs
  return Port(id, transmit);
}

Port::Port(Port&& other) noexcept : id_(other.id_), transmit_pool_(other.transmit_pool_) {
  other.id_ = kNoPort;
}

Port::~Port() {
  if (id_ == kNoPort) return;
  rte_eth_dev_stop(id_);
  rte_eth_dev_close(id_);
}

const char* Port::device() const {
  static char name[RTE_ETH_NAME_MAX_LEN];
  return rte_eth_dev_get_name_by_port(id_, name) == 0 ? name : "unknown";
}

void Port::write_template(const FrameTemplate& frame) const {
  std::span<const uint8_t> bytes = frame.bytes();
  rte_mempool_obj_iter(
      transmit_pool_,
      [](rte_mempool*, void* argument, void* object, unsigned) {
        const auto& from = *static_cast<std::span<const uint8_t>*>(argument);
        auto* buffer = static_cast<rte_mbuf*>(object);
        std::memcpy(static_cast<uint8_t*>(buffer->buf_addr) + RTE_PKTMBUF_HEADROOM, from.data(),
                    from.size());
      },
      &bytes);
}

bool Port::wait_for_link(double seconds) const {
  const uint64_t deadline =
      rte_get_tsc_cycles() + static_cast<uint64_t>(seconds * static_cast<double>(rte_get_tsc_hz()));
  rte_eth_link link{};
  while (rte_eth_link_get_nowait(id_, &link) != 0 || link.link_status != RTE_ETH_LINK_UP) {
    if (rte_get_tsc_cycles() > deadline) return false;
    rte_delay_us_sleep(1000);
  }
  return true;
}

}  // namespace lbd::loadgen
