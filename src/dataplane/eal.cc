// SPDX-License-Identifier: Apache-2.0
#include "dataplane/eal.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <spdlog/fmt/fmt.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>

#include "common/log.h"
#include "dataplane/borrowed_interface.h"
#include "dataplane/cores.h"
#include "dataplane/eal_log.h"
#include "dataplane/hugepages.h"
#include "dataplane/silent_terminal.h"

// Everything lbd needs is reserved here, at start, so that a shortage is an error message and not
// a surprise under load. The EAL runs without shared state (--in-memory, --no-shconf): no files
// under /dev/hugepages or /var/run/dpdk, so a killed process leaves nothing and a second one is in
// nobody's way.
namespace lbd {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;
/// What the EAL, the drivers and the pieces between big allocations take on top of the plan.
constexpr uint64_t kOverheadBytes = 64 * kMiB;

/// A PCI address that no device has. Naming one device to be probed keeps the EAL's hands off all
/// others, while leaving the bus on for those that start_port() names.
constexpr const char* kNoDevice = "0000:00:00.0";

/// The value of `--name value` or `--name=value`.
std::optional<std::string> find_option(const std::vector<std::string>& args,
                                       const std::string& name) {
  for (size_t i = 0; i < args.size(); ++i) {
    if (args[i] == name && i + 1 < args.size()) return args[i + 1];
    if (args[i].starts_with(name + "=")) return args[i].substr(name.size() + 1);
  }
  return std::nullopt;
}

bool has_flag(const std::vector<std::string>& args, const std::string& name) {
  for (const std::string& arg : args)
    if (arg == name || arg.starts_with(name + "=")) return true;
  return false;
}

/// Options that lbd itself derives from lb.yaml: given a second time they would contradict it.
Status check_extra_args(const std::vector<std::string>& args) {
  struct Owned {
    const char* option;
    const char* instead;
  };
  static constexpr Owned kOwned[] = {
      {"-l", "worker_cores"},           {"-c", "worker_cores"},
      {"--main-lcore", "control_core"}, {"-m", "memory"},
      {"--socket-mem", "memory"},       {"--no-huge", "hugepages: false"},
      {"-a", "a port's device"},        {"--vdev", "a port's device: \"vdev:...\""}};
  for (const Owned& owned : kOwned)
    for (const std::string& arg : args) {
      const bool is_long = owned.option[1] == '-';
      const bool joined = arg.starts_with(std::string(owned.option) + (is_long ? "=" : ""));
      if (arg == owned.option || joined)
        return Error{fmt::format("eal_args: {} is made by lbd: use {}", arg, owned.instead)};
    }
  return Done{};
}

Result<CorePlan> choose_cores(const EalOptions& options) {
  CoreOptions cores;
  cores.control = options.control_core;
  cores.workers = options.worker_cores;
  cores.cpus = usable_cpus();
  cores.max_lcores = RTE_MAX_LCORE;
  if (const auto text = find_option(options.extra_args, "--lcores")) {
    cores.lcores = parse_lcores(*text);
    if (!cores.lcores)
      return Error{
          fmt::format("eal_args: --lcores '{}' is no core map; an example: 0@0,1@1", *text)};
  }
  return plan_cores(cores);
}

/// Bytes to reserve at start.
Result<uint64_t> plan_memory(const EalOptions& options) {
  const uint64_t needed = options.memory_needed_bytes + kOverheadBytes;
  if (options.memory_bytes != 0 && options.memory_bytes < needed)
    return Error{
        fmt::format("memory: {} is less than the {} that are needed{}: raise it, or memory: auto",
                    mebibytes(options.memory_bytes), mebibytes(needed),
                    options.memory_purpose.empty() ? "" : " for " + options.memory_purpose)};
  const uint64_t bytes = options.memory_bytes != 0 ? options.memory_bytes : needed;
  if (!options.hugepages) return bytes;
  const Status enough = check_hugepages(read_hugepages(), bytes, options.memory_purpose);
  if (!enough) return enough.error();
  return bytes;
}

std::vector<std::string> build_args(const EalOptions& options, const CorePlan& cores,
                                    uint64_t memory) {
  std::vector<std::string> args = {"lbd", "--main-lcore", std::to_string(cores.control)};
  if (!cores.lcores.empty()) args.insert(args.end(), {"--lcores", cores.lcores});
  args.insert(args.end(), {"-m", std::to_string((memory + kMiB - 1) / kMiB)});
  // One file descriptor for all memory: vhost-user backends take at most eight.
  if (options.hugepages)
    args.insert(args.end(), {"--in-memory", "--single-file-segments"});
  else
    args.insert(args.end(), {"--no-huge", "--no-shconf"});
  if (!has_flag(options.extra_args, "--telemetry")) args.push_back("--no-telemetry");
  if (options.any_pci) {
    args.insert(args.end(), {"-a", kNoDevice});
  } else {
    // No device asks for physical addresses, so buffers need not be physically contiguous.
    args.insert(args.end(), {"--no-pci", "--iova-mode=va"});
  }
  args.insert(args.end(), options.extra_args.begin(), options.extra_args.end());
  return args;
}

Status init(std::vector<std::string> args) {
  std::vector<char*> argv;
  std::string line;
  for (std::string& arg : args) {
    argv.push_back(arg.data());
    line += ' ' + arg;
  }
  argv.push_back(nullptr);
  spdlog::debug("dpdk:{}", line);
  clear_eal_errors();
  const SilentTerminal silent;
  if (rte_eal_init(static_cast<int>(args.size()), argv.data()) >= 0) return Done{};
  const std::string words = silent.first_words();
  return Error{
      fmt::format("DPDK did not start: {}{}; eal_args and the log at level debug tell more",
                  words.empty() ? rte_strerror(rte_errno) : words, eal_cause())};
}

void prepare_af_xdp() {
  // An interface is lbd's alone: no dispatcher for several XDP programs, nothing pinned in bpffs.
  setenv("LIBXDP_SKIP_DISPATCHER", "1", 1);
  // Buffers that AF_XDP shares with the kernel count as locked memory. Where the limit cannot be
  // raised it may still be enough, and the driver says so where it is not.
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  setrlimit(RLIMIT_MEMLOCK, &unlimited);
}

}  // namespace

Status start_eal(const EalOptions& options) {
  if (geteuid() != 0) return Error{"lbd must run as root: it opens devices and makes interfaces"};
  if (const Status fine = check_extra_args(options.extra_args); !fine) return fine;
  const auto cores = choose_cores(options);
  if (!cores) return cores.error();
  const auto memory = plan_memory(options);
  if (!memory) return memory.error();
  redirect_eal_log();
  heal_interfaces();
  prepare_af_xdp();
  return init(build_args(options, *cores, *memory));
}

void stop_eal() {
  rte_eal_cleanup();
}

}  // namespace lbd
