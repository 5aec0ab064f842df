// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"

namespace lbd {

struct EalOptions {
  std::optional<unsigned> control_core;  // none: the first core that is no worker's
  std::vector<unsigned> worker_cores;    // lcore ids
  bool hugepages = true;
  uint64_t memory_bytes = 0;         // as configured; 0: auto
  uint64_t memory_needed_bytes = 0;  // what tables and buffers need, for auto and for the message
  std::string memory_purpose;  // "1,000,000 connections on 2 workers", for messages; may be empty
  std::vector<std::string> extra_args;  // dataplane.eal_args; --lcores there maps ids to CPUs
  bool any_pci = false;                 // false: --no-pci, nothing is probed by accident
};

/// Checks root, cores and huge pages, then starts the EAL in the calling thread, which becomes the
/// main lcore. Devices are attached later, one by one (start_port). Errors are one line with the
/// remedy; the process exits with 3 on them.
Status start_eal(const EalOptions& options);

/// Frees what the EAL holds (its files under /dev/hugepages and /var/run/dpdk too).
void stop_eal();

}  // namespace lbd
