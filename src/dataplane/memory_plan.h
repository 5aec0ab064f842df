// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "dataplane/dataplane.h"

namespace lbd {

/// Sizes that the plan and what is allocated share.
inline constexpr unsigned kReplyBuffers =
    1023;  // on each worker: what waits and what is being sent
inline constexpr unsigned kTapBuffers = 4095;
inline constexpr unsigned kPriorityRing = 512;
inline constexpr unsigned kPuntRing = 2048;
inline constexpr unsigned kFromTapRing = 1024;
inline constexpr unsigned kPeerRing = 1024;
/// An mbuf with its default data room, its header and the pool's share, rounded up.
inline constexpr uint64_t kBufferBytes = 2560;

/// Data room of the tap thread's buffers, headroom not included: a whole frame of the port with the
/// greatest MTU, because devices are not asked to send frames that lie in several buffers.
uint32_t tap_buffer_bytes(const DataplaneOptions& options);

struct MemoryPlan {
  uint64_t connection_tables = 0;  // bytes, all workers
  uint64_t packet_buffers = 0;
  uint64_t rings = 0;
  uint64_t total() const;  // with an allowance for what the allocators and drivers add
  std::string to_string() const;
};

MemoryPlan plan_memory(const DataplaneOptions& options);

}  // namespace lbd
