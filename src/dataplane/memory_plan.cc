// SPDX-License-Identifier: Apache-2.0
#include "dataplane/memory_plan.h"

#include <rte_mbuf_core.h>

#include <algorithm>

#include "dataplane/connection_table.h"
#include "dataplane/hugepages.h"
#include "dataplane/port_setup.h"
#include "dataplane/reply_directory.h"

namespace lbd {

uint32_t tap_buffer_bytes(const DataplaneOptions& options) {
  uint32_t bytes = RTE_MBUF_DEFAULT_DATAROOM;
  for (const PortOptions& port : options.ports) bytes = std::max(bytes, buffer_bytes(port.mtu, 0));
  return bytes;
}

MemoryPlan plan_memory(const DataplaneOptions& options) {
  const uint64_t workers = options.eal.worker_cores.size();
  MemoryPlan plan;
  plan.connection_tables = workers * (ConnectionTable::bytes_needed(options.max_connections) +
                                      ReplyDirectory::bytes_needed(options.max_connections,
                                                                   static_cast<unsigned>(workers)));
  for (const PortOptions& port : options.ports)
    plan.packet_buffers += port_buffer_bytes(port, static_cast<unsigned>(workers));
  plan.packet_buffers += workers * kReplyBuffers * kBufferBytes;
  plan.packet_buffers +=
      kTapBuffers * (kBufferBytes - RTE_MBUF_DEFAULT_DATAROOM + tap_buffer_bytes(options));
  const uint64_t slots = workers * (kPriorityRing + kPuntRing + kFromTapRing) +
                         workers * (workers - 1) * (2 * kPeerRing + kNoticeRing);
  plan.rings = slots * sizeof(void*);
  return plan;
}

uint64_t MemoryPlan::total() const {
  const uint64_t sum = connection_tables + packet_buffers + rings;
  // Alignment to pages and what devices take for their queues.
  return sum + std::max<uint64_t>(sum / 16, 24 << 20);
}

std::string MemoryPlan::to_string() const {
  return "memory plan: " + mebibytes(total()) + " (connection tables " +
         mebibytes(connection_tables) + ", packet buffers " + mebibytes(packet_buffers) +
         ", rings " + mebibytes(rings) + ")";
}

}  // namespace lbd
