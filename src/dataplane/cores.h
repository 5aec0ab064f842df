// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

// Which cores lbd runs on. DPDK calls them lcores: small numbers that stand for CPUs, the CPU's own
// number unless --lcores in dataplane.eal_args says otherwise (several lcores may then share a CPU,
// which is good for tests and for nothing else). No DPDK in here.
namespace lbd {

using CpuSet = std::set<unsigned>;

/// lcore id -> the CPUs on which it may run.
using LcoreMap = std::map<unsigned, CpuSet>;

/// The kernel's list form: "0-3,8,10-11" (cpuset(7)). None where the text is something else.
std::optional<CpuSet> parse_cpu_list(std::string_view text);
/// The reverse.
std::string cpu_list(const CpuSet& cpus);

/// The argument of DPDK's --lcores: "0@0,1@1", "(0,2)@(4-5)", "1-3".
std::optional<LcoreMap> parse_lcores(std::string_view text);

/// CPUs that are online and on which this process is allowed to run.
CpuSet usable_cpus();

struct CoreOptions {
  std::optional<unsigned> control;  // none: the first that is no worker's
  std::vector<unsigned> workers;
  std::optional<LcoreMap> lcores;  // none: ids are CPUs
  CpuSet cpus;                     // usable_cpus(), or a test's
  unsigned max_lcores = 128;       // RTE_MAX_LCORE
};

struct CorePlan {
  unsigned control = 0;
  std::vector<unsigned> workers;
  /// For --lcores; empty where the user gave one.
  std::string lcores;
};

/// The error names the core and the key of lb.yaml.
Result<CorePlan> plan_cores(const CoreOptions& options);

}  // namespace lbd
