// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "common/result.h"
#include "dataplane/counters.h"
#include "dataplane/exception.h"
#include "dataplane/ids.h"

// The only thread that makes system calls for packets: it moves frames between the rings of the
// exception path and the TAPs. Workers cannot wake it (that would be a system call of theirs), so
// it looks at the rings by itself: at once while there is work, then every 50 us, and after a while
// without work every 500 us. A frame from the kernel wakes it immediately.
namespace lbd {

/// Written by the tap thread, read by control. Frames.
struct TapCounters {
  Counter to_kernel;
  Counter to_kernel_dropped;    // the TAP refused it: down, or its queue is full
  Counter from_kernel;          // handed to a worker
  Counter from_kernel_dropped;  // no buffer, or the worker's ring was full
};

class TapThread {
 public:
  /// `taps`: file descriptor of the TAP of each port, by PortIndex; they must outlive the thread.
  /// `path` as well.
  static Result<std::unique_ptr<TapThread>> start(const ExceptionPath& path, std::vector<int> taps);
  /// Stops and joins; what lies in the rings stays there.
  ~TapThread();
  TapThread(const TapThread&) = delete;
  TapThread& operator=(const TapThread&) = delete;

  const TapCounters& counters(PortIndex port) const { return counters_[port]; }

 private:
  TapThread(const ExceptionPath& path, std::vector<int> taps, int epoll, int stop);
  void run();
  unsigned drain_rings();
  unsigned drain_ring(rte_ring* ring);
  unsigned read_taps();
  bool read_tap(PortIndex port);
  void wait(unsigned idle_loops);

  const ExceptionPath& path_;
  const std::vector<int> taps_;
  const int epoll_;
  const int stop_event_;
  std::atomic<bool> stop_{false};
  std::vector<uint8_t> overflow_;  // what of a read frame does not fit into its first buffer
  std::array<TapCounters, kMaxPorts> counters_;
  std::thread thread_;
};

}  // namespace lbd
