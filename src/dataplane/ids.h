// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// Ids are slots of arrays that only grow. A slot is given to somebody else only after every worker
// has purged what it remembers of the old owner, so an id in a connection is never a dangling one.
namespace lbd {

using ServiceId = uint32_t;
using ServerId = uint32_t;
using NextHopId = uint32_t;
/// Index into PortTable; what mbuf->port holds on every ring inside lbd.
using PortIndex = uint8_t;
using WorkerIndex = uint16_t;

inline constexpr uint32_t kNoId = 0xffffffffu;
inline constexpr unsigned kMaxPorts = 32;  // DPDK's default RTE_MAX_ETHPORTS
inline constexpr unsigned kMaxWorkers = 64;
inline constexpr unsigned kMaxBurst = 64;

}  // namespace lbd
