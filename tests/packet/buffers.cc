// SPDX-License-Identifier: Apache-2.0
#include "buffers.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace lbd::test {
namespace {

constexpr unsigned kBuffers = 8191;
rte_mempool* pool = nullptr;

/// A frame's memory: the description that DPDK keeps beside it, and the frame, allocated apart.
struct Attached {
  rte_mbuf_ext_shared_info info;
  uint8_t* memory;
};

void release(void*, void* opaque) {
  auto* attached = static_cast<Attached*>(opaque);
  delete[] attached->memory;
  delete attached;
}

rte_mbuf* make_segment(const uint8_t* data, size_t length, unsigned headroom) {
  rte_mbuf* mbuf = rte_pktmbuf_alloc(pool);
  if (mbuf == nullptr) std::abort();  // a leak: nobody holds so many
  auto* attached = new Attached{};
  attached->memory = new uint8_t[headroom + length];
  attached->info.free_cb = release;
  attached->info.fcb_opaque = attached;
  rte_mbuf_ext_refcnt_set(&attached->info, 1);
  const auto whole = static_cast<uint16_t>(headroom + length);
  rte_pktmbuf_attach_extbuf(mbuf, attached->memory, RTE_BAD_IOVA, whole, &attached->info);
  mbuf->data_off = static_cast<uint16_t>(headroom);
  std::copy_n(data, length, rte_pktmbuf_mtod(mbuf, uint8_t*));
  mbuf->data_len = static_cast<uint16_t>(length);
  mbuf->pkt_len = static_cast<uint32_t>(length);
  return mbuf;
}

[[noreturn]] void give_up(const char* what) {
  std::fprintf(stderr, "%s: %s\n", what, rte_strerror(rte_errno));
  std::exit(1);
}

}  // namespace

void start_eal() {
  if (pool != nullptr) return;
  const std::string lcore = "0@" + std::to_string(sched_getcpu());
  const char* arguments[] = {"packet_test", "--no-huge",  "--no-shconf",    "--no-pci",
                             "-m",          "64",         "--no-telemetry", "--log-level=3",
                             "--lcores",    lcore.c_str()};
  const int count = sizeof(arguments) / sizeof(arguments[0]);
  if (rte_eal_init(count, const_cast<char**>(arguments)) < 0) give_up("the EAL did not start");
  pool = rte_pktmbuf_pool_create("packets", kBuffers, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
  if (pool == nullptr) give_up("no packet buffers");
}

rte_mbuf* make_mbuf(const Input& input) {
  const size_t size = input.frame.size();
  const size_t first = input.first_segment == 0 ? size : std::min(size, input.first_segment);
  rte_mbuf* mbuf = make_segment(input.frame.data(), first, input.headroom);
  if (first != size)
    rte_pktmbuf_chain(mbuf, make_segment(input.frame.data() + first, size - first, 0));
  mbuf->ol_flags |= input.offload;
  return mbuf;
}

rte_mbuf* make_empty_mbuf() {
  return rte_pktmbuf_alloc(pool);
}

Bytes bytes_of(const rte_mbuf* mbuf) {
  Bytes out;
  for (; mbuf != nullptr; mbuf = mbuf->next) {
    const auto* data = rte_pktmbuf_mtod(mbuf, const uint8_t*);
    out.insert(out.end(), data, data + mbuf->data_len);
  }
  return out;
}

unsigned buffers_in_use() {
  return rte_mempool_in_use_count(pool);
}

}  // namespace lbd::test
