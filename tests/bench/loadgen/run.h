// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <vector>

#include "latency.h"
#include "options.h"
#include "port.h"

namespace lbd::loadgen {

/// The phase that opens the flows before they are measured.
struct PrimeReport {
  unsigned rounds = 0;    // how often each flow was opened
  uint64_t received = 0;  // in the last round
  uint64_t learned = 0;   // server-answers: flows whose answer is known
};

struct RunReport {
  PrimeReport prime;
  uint64_t sent = 0;      // warm-up included
  uint64_t received = 0;  // likewise, and what came within the settling time
  uint64_t looked_at = 0;
  uint64_t foreign = 0;
  uint64_t bad = 0;
  uint64_t to_clients = 0;            // of those looked at
  std::vector<uint8_t> first_bad;     // a frame
  std::vector<double> sent_mpps;      // one value an interval of the measured time
  std::vector<double> received_mpps;  // likewise
  LatencyHistogram latency;           // of the measured time
};

/// Opens the flows where the mode has known flows, then sends and receives for the measured time.
/// `stop`: set by a signal; ends the run early.
Result<RunReport> run(const Options& options, const Port& port, const std::atomic<bool>& stop);

}  // namespace lbd::loadgen
