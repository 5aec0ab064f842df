// SPDX-License-Identifier: Apache-2.0
#include "report.h"

#include <rte_cycles.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

namespace lbd::loadgen {
namespace {

constexpr double kPercentiles[] = {50, 90, 99, 99.9};

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<long>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

uint64_t lost(const RunReport& report) {
  return report.sent - std::min(report.sent, report.received);
}

double microseconds(uint64_t ticks) {
  return static_cast<double>(ticks) * 1e6 / static_cast<double>(rte_get_tsc_hz());
}

std::string percentile_name(double percent) {
  char out[16];
  std::snprintf(out, sizeof out, "p%g", percent);
  return out;
}

const char* mode_name(Mode mode) {
  switch (mode) {
    case Mode::kEstablished:
      return "established";
    case Mode::kNew:
      return "new";
    case Mode::kServerAnswers:
      return "server-answers";
    case Mode::kBothWays:
      return "both-ways";
  }
  return "";
}

template <class... Values>
std::string line(const char* format, Values... values) {
  char out[256];
  std::snprintf(out, sizeof out, format, values...);
  return out;
}

std::string hex(const std::vector<uint8_t>& bytes) {
  std::string out;
  for (const uint8_t byte : bytes) out += line("%02x", byte);
  return out;
}

nlohmann::json prime_json(const PrimeReport& prime) {
  return {{"rounds", prime.rounds}, {"received", prime.received}, {"learned", prime.learned}};
}

}  // namespace

std::string text(const Options& options, const RunReport& report) {
  std::string out;
  if (options.mode != Mode::kNew) {
    out += line("prime:    %lu of %u flows came back in round %u\n", report.prime.received,
                options.flows, report.prime.rounds);
  }
  out += line("traffic:  sent %lu, received %lu, lost %lu\n", report.sent, report.received,
              lost(report));
  out += line("looked at %lu of them: %lu bad, %lu foreign, %lu on their way to clients\n",
              report.looked_at, report.bad, report.foreign, report.to_clients);
  if (report.bad != 0) out += "the first bad one: " + hex(report.first_bad) + '\n';
  out += line("rate:     sent %.3f Mpps, received %.3f Mpps (median of %zu x %g s)\n",
              median(report.sent_mpps), median(report.received_mpps), report.received_mpps.size(),
              options.interval);
  if (options.latency) {
    out += "latency: ";
    for (const double percent : kPercentiles) {
      out += line(" %s %.1f us", percentile_name(percent).c_str(),
                  microseconds(report.latency.percentile(percent)));
    }
    out += '\n';
  }
  return out;
}

Status write_json(const Options& options, const RunReport& report, const std::string& device,
                  const std::string& path) {
  nlohmann::json out{
      {"device", device},
      {"mode", mode_name(options.mode)},
      {"protocol", options.tcp ? "tcp" : "udp"},
      {"family", options.v4() ? 4 : 6},
      {"flows", options.flows},
      {"frame_size", options.frame_size},
      {"prime", prime_json(report.prime)},
      {"sent", report.sent},
      {"received", report.received},
      {"lost", lost(report)},
      {"looked_at", report.looked_at},
      {"bad", report.bad},
      {"foreign", report.foreign},
      {"to_clients", report.to_clients},
      {"first_bad", hex(report.first_bad)},
      {"sent_mpps", median(report.sent_mpps)},
      {"received_mpps", median(report.received_mpps)},
      {"received_mpps_intervals", report.received_mpps},
  };
  if (options.latency) {
    for (const double percent : kPercentiles) {
      out["latency_us"][percentile_name(percent)] =
          microseconds(report.latency.percentile(percent));
    }
  }
  std::ofstream file(path);
  file << out.dump(2) << '\n';
  if (!file.flush()) return Error{path + ": cannot be written"};
  return Done{};
}

}  // namespace lbd::loadgen
