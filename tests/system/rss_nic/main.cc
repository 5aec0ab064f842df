// SPDX-License-Identifier: Apache-2.0
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "steer.h"
#include "wire.h"

// lbd-rss-nic EAL-ARGUMENTS -- INTERFACE KEY TABLE-SIZE QUEUES
//
// A network card with receive side scaling, for machines that have none to give away: between a
// kernel interface and a vhost-user device (EAL's --vdev=net_vhost0,iface=SOCKET,queues=QUEUES).
// Each frame of the interface goes to the queue that its Toeplitz hash and the table name; what the
// other side sends, by whatever queue, goes out to the interface. KEY is 40 bytes in hexadecimal.
// On SIGTERM it prints how many frames each queue got.
namespace {

using lbd::rss_nic::Steer;
using lbd::rss_nic::Wire;

constexpr unsigned kBurst = 32;
constexpr uint16_t kDescriptors = 1024;
constexpr unsigned kBuffers = 16383;
constexpr useconds_t kNap = 20;  // us, when nothing was there: the machine has few cores

std::atomic<bool> stop_asked = false;

void ask_stop(int) {
  stop_asked = true;
}

int fail(int code, const char* what, const char* why) {
  std::fprintf(stderr, "lbd-rss-nic: %s: %s\n", what, why);
  return code;
}

/// The vhost device with its queues, started; a negative errno else.
int open_device(uint16_t port, uint16_t queues, rte_mempool* pool) {
  rte_eth_conf conf{};
  int code = rte_eth_dev_configure(port, queues, queues, &conf);
  for (uint16_t q = 0; q < queues && code == 0; ++q) {
    code = rte_eth_rx_queue_setup(port, q, kDescriptors, rte_socket_id(), nullptr, pool);
    if (code == 0) code = rte_eth_tx_queue_setup(port, q, kDescriptors, rte_socket_id(), nullptr);
  }
  return code == 0 ? rte_eth_dev_start(port) : code;
}

class Nic {
 public:
  Nic(const Wire& wire, const Steer& steer, uint16_t port, uint16_t queues, rte_mempool* pool)
      : wire_(wire), steer_(steer), port_(port), queues_(queues), pool_(pool), frames_(queues) {}

  void run() {
    while (!stop_asked) {
      const unsigned moved = from_wire() + to_wire();
      if (moved == 0) usleep(kNap);
    }
    for (uint16_t q = 0; q < queues_; ++q)
      std::printf("%llu%c", static_cast<unsigned long long>(frames_[q]),
                  q + 1 == queues_ ? '\n' : ' ');
  }

 private:
  unsigned from_wire() {
    unsigned count = 0;
    for (; count < kBurst; ++count) {
      rte_mbuf* mbuf = rte_pktmbuf_alloc(pool_);
      if (mbuf == nullptr) break;
      auto* const bytes = rte_pktmbuf_mtod(mbuf, uint8_t*);
      const unsigned length = wire_.receive({bytes, rte_pktmbuf_tailroom(mbuf)});
      if (length == 0) {
        rte_pktmbuf_free(mbuf);
        break;
      }
      mbuf->data_len = static_cast<uint16_t>(length);
      mbuf->pkt_len = length;
      const auto queue = static_cast<uint16_t>(steer_.queue({bytes, length}));
      if (rte_eth_tx_burst(port_, queue, &mbuf, 1) == 1)
        ++frames_[queue];
      else
        rte_pktmbuf_free(mbuf);  // the queue is full, or nobody is there yet
    }
    return count;
  }

  unsigned to_wire() {
    unsigned count = 0;
    std::array<rte_mbuf*, kBurst> burst;
    for (uint16_t q = 0; q < queues_; ++q) {
      const uint16_t got = rte_eth_rx_burst(port_, q, burst.data(), burst.size());
      for (uint16_t i = 0; i < got; ++i)
        wire_.send({rte_pktmbuf_mtod(burst[i], const uint8_t*), burst[i]->data_len});
      rte_pktmbuf_free_bulk(burst.data(), got);
      count += got;
    }
    return count;
  }

  const Wire& wire_;
  const Steer& steer_;
  uint16_t port_;
  uint16_t queues_;
  rte_mempool* pool_;
  std::vector<uint64_t> frames_;
};

int bridge(char** words) {
  const auto key = lbd::rss_nic::bytes_of(words[1]);
  const auto table = static_cast<unsigned>(std::strtoul(words[2], nullptr, 10));
  const auto queues = static_cast<uint16_t>(std::strtoul(words[3], nullptr, 10));
  if (key.size() != 40 || table == 0 || queues == 0)
    return fail(2, "arguments", "KEY is 40 bytes, TABLE-SIZE and QUEUES are numbers above 0");
  const Wire wire(words[0]);
  if (!wire.ok()) return fail(1, words[0], std::strerror(errno));
  rte_mempool* pool = rte_pktmbuf_pool_create("frames", kBuffers, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
                                              static_cast<int>(rte_socket_id()));
  if (pool == nullptr) return fail(1, "packet buffers", rte_strerror(rte_errno));
  const auto port = static_cast<uint16_t>(rte_eth_find_next(0));
  if (port >= RTE_MAX_ETHPORTS) return fail(2, "EAL", "no device: --vdev=net_vhost0,...");
  if (const int code = open_device(port, queues, pool); code != 0)
    return fail(1, "vhost device", rte_strerror(-code));
  Nic(wire, Steer(key, table, queues), port, queues, pool).run();
  rte_eth_dev_stop(port);
  rte_eth_dev_close(port);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGTERM, ask_stop);
  const int used = rte_eal_init(argc, argv);
  if (used < 0) return fail(2, "EAL", rte_strerror(rte_errno));
  if (argc - used != 5) {
    rte_eal_cleanup();
    return fail(2, "arguments", "INTERFACE KEY TABLE-SIZE QUEUES");
  }
  const int code = bridge(argv + used + 1);
  rte_eal_cleanup();
  return code;
}
