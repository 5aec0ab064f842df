// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/result.h"
#include "common/spsc_queue.h"
#include "vrrp/config.h"

// Addresses and routes that come and go with an instance. rtnetlink takes a lock of the kernel that
// others hold for milliseconds (a dump of 10,000 neighbours), so that a thread of its own asks for
// them: an advertisement never waits for an address.
namespace lbd::vrrp {

/// `add`: an address or route to be there, a link to be up; else the reverse.
struct KernelChange {
  enum class What : uint8_t { kAddress, kRoute, kLink };

  bool add = false;
  What what = What::kAddress;
  Prefix address;   // kAddress
  int ifindex = 0;  // kAddress, kLink
  VirtualRoute route;
};

/// What is to be done together. Comes back when it is done.
struct KernelJob {
  uint64_t tag = 0;
  std::vector<KernelChange> changes;
  std::vector<std::string> problems;
};

class KernelWriter {
 public:
  /// `wake`: an eventfd that is written when a job is done.
  static Result<std::unique_ptr<KernelWriter>> start(int wake);
  /// What was submitted is done first.
  ~KernelWriter();
  KernelWriter(const KernelWriter&) = delete;
  KernelWriter& operator=(const KernelWriter&) = delete;

  // Both from one thread. Jobs are done in their order.
  void submit(std::unique_ptr<KernelJob> job);
  std::unique_ptr<KernelJob> finished();

 private:
  KernelWriter(int netlink, int event, int wake) : netlink_(netlink), event_(event), wake_(wake) {}
  void run();
  bool push_waiting();
  void work(KernelJob& job);
  /// 0 or a positive errno.
  int request(const KernelChange& change);

  static constexpr size_t kQueue = 1024;
  int netlink_;
  int event_;
  int wake_;
  uint32_t sequence_ = 0;
  SpscQueue<KernelJob*, kQueue> jobs_;
  SpscQueue<KernelJob*, kQueue> done_;
  std::vector<std::unique_ptr<KernelJob>> waiting_;  // the queue was full
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace lbd::vrrp
