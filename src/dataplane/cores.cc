// SPDX-License-Identifier: Apache-2.0
#include "dataplane/cores.h"

#include <sched.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>

namespace lbd {
namespace {

constexpr unsigned kMaxCpu = 4096;

std::optional<unsigned> parse_number(std::string_view text) {
  unsigned value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || text.empty() || value >= kMaxCpu) return std::nullopt;
  return value;
}

/// Splits at commas that no bracket encloses.
std::vector<std::string_view> split_groups(std::string_view text) {
  std::vector<std::string_view> out;
  size_t from = 0;
  int depth = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '(') ++depth;
    if (i < text.size() && text[i] == ')') --depth;
    if (i == text.size() || (text[i] == ',' && depth == 0)) {
      out.push_back(text.substr(from, i - from));
      from = i + 1;
    }
  }
  return out;
}

/// "3", "3-5" or "(3,5-7)".
std::optional<CpuSet> parse_set(std::string_view text) {
  if (text.size() >= 2 && text.front() == '(' && text.back() == ')')
    return parse_cpu_list(text.substr(1, text.size() - 2));
  if (text.find(',') != std::string_view::npos) return std::nullopt;
  return parse_cpu_list(text);
}

std::string hint(const CoreOptions& options) {
  if (!options.lcores) return fmt::format("this machine lets lbd use {}", cpu_list(options.cpus));
  CpuSet ids;
  for (const auto& [id, cpus] : *options.lcores) ids.insert(id);
  return fmt::format("eal_args --lcores has {}", cpu_list(ids));
}

/// Empty where `core` is there, else what is wrong with it.
std::string core_trouble(const CoreOptions& options, std::string_view key, unsigned core) {
  const bool known = options.lcores ? options.lcores->contains(core) : options.cpus.contains(core);
  if (!known) return fmt::format("{}: core {} does not exist: {}", key, core, hint(options));
  if (core >= options.max_lcores)
    return fmt::format(
        "{}: core {}: DPDK numbers cores up to {}; map one to this CPU with "
        "eal_args: [\"--lcores\", \"1@{}\"]",
        key, core, options.max_lcores - 1, core);
  if (!options.lcores) return {};
  for (unsigned cpu : options.lcores->at(core))
    if (!options.cpus.contains(cpu))
      return fmt::format(
          "eal_args --lcores: core {} is mapped to CPU {}, which does not exist: this "
          "machine lets lbd use {}",
          core, cpu, cpu_list(options.cpus));
  return {};
}

Result<unsigned> choose_control(const CoreOptions& options) {
  const auto is_worker = [&](unsigned core) {
    return std::find(options.workers.begin(), options.workers.end(), core) != options.workers.end();
  };
  if (options.control) {
    if (is_worker(*options.control))
      return Error{
          fmt::format("control_core: core {} is a worker's already (worker_cores); a worker "
                      "needs its core for itself",
                      *options.control)};
    const std::string trouble = core_trouble(options, "control_core", *options.control);
    if (!trouble.empty()) return Error{trouble};
    return *options.control;
  }
  CpuSet candidates = options.cpus;
  if (options.lcores) {
    candidates.clear();
    for (const auto& [id, cpus] : *options.lcores) candidates.insert(id);
  }
  for (unsigned core : candidates)
    if (!is_worker(core) && core < options.max_lcores) return core;
  return Error{
      fmt::format("worker_cores: every core is a worker's and none is left for control: {}; "
                  "leave one out",
                  hint(options))};
}

}  // namespace

std::optional<CpuSet> parse_cpu_list(std::string_view text) {
  CpuSet out;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    const size_t dash = part.find('-');
    const auto first = parse_number(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_number(part.substr(dash + 1));
    if (!first || !last || *last < *first) return std::nullopt;
    for (unsigned cpu = *first; cpu <= *last; ++cpu) out.insert(cpu);
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
  return std::nullopt;
}

std::string cpu_list(const CpuSet& cpus) {
  std::string out;
  for (auto it = cpus.begin(); it != cpus.end();) {
    const unsigned first = *it;
    unsigned last = first;
    while (++it != cpus.end() && *it == last + 1) ++last;
    if (!out.empty()) out += ',';
    out += last == first ? std::to_string(first) : fmt::format("{}-{}", first, last);
  }
  return out;
}

std::optional<LcoreMap> parse_lcores(std::string_view text) {
  LcoreMap out;
  for (std::string_view group : split_groups(text)) {
    const size_t at = group.find('@');
    const auto ids = parse_set(group.substr(0, at));
    const auto cpus = at == std::string_view::npos ? ids : parse_set(group.substr(at + 1));
    if (!ids || !cpus) return std::nullopt;
    // Without '@' a bracketed group shares its CPUs, a plain list pins each id to its own number.
    const bool own = at == std::string_view::npos && group.front() != '(';
    for (unsigned id : *ids)
      if (!out.emplace(id, own ? CpuSet{id} : *cpus).second) return std::nullopt;
  }
  return out;
}

CpuSet usable_cpus() {
  CpuSet out;
  // glibc's static cpu_set_t ends at 1024 CPUs.
  cpu_set_t* set = CPU_ALLOC(kMaxCpu);
  const size_t size = CPU_ALLOC_SIZE(kMaxCpu);
  CPU_ZERO_S(size, set);
  if (sched_getaffinity(0, size, set) == 0)
    for (unsigned cpu = 0; cpu < kMaxCpu; ++cpu)
      if (CPU_ISSET_S(cpu, size, set)) out.insert(cpu);
  CPU_FREE(set);
  return out;
}

Result<CorePlan> plan_cores(const CoreOptions& options) {
  CpuSet seen;
  if (options.workers.empty())
    return Error{"worker_cores: at least one core is needed, for example worker_cores: [1]"};
  for (unsigned core : options.workers) {
    if (!seen.insert(core).second)
      return Error{fmt::format("worker_cores: core {} is given twice", core)};
    const std::string trouble = core_trouble(options, "worker_cores", core);
    if (!trouble.empty()) return Error{trouble};
  }
  auto control = choose_control(options);
  if (!control) return control.error();

  CorePlan plan{*control, options.workers, {}};
  if (options.lcores) return plan;
  plan.lcores = fmt::format("{0}@{0}", plan.control);
  for (unsigned core : plan.workers) plan.lcores += fmt::format(",{0}@{0}", core);
  return plan;
}

}  // namespace lbd
