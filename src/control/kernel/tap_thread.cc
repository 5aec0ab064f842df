// SPDX-License-Identifier: Apache-2.0
#include "control/kernel/tap_thread.h"

#include <pthread.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_ring.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

#include "dataplane/port_table.h"

namespace lbd {
namespace {

constexpr unsigned kBurst = 32;
constexpr unsigned kBurstsPerRing = 4;     // then the other rings have their turn
constexpr unsigned kFramesPerTap = 64;     // then the rings have
constexpr size_t kMaxFrame = 65'535 + 18;  // the largest MTU, Ethernet header and one VLAN tag
constexpr unsigned kMaxSegments = 64;

constexpr long kShortWaitNs = 50'000;
constexpr long kLongWaitNs = 500'000;
constexpr unsigned kShortWaits = 200;  // 10 ms without work, then the long ones

/// One frame; false where the kernel did not take it.
bool write_frame(int fd, const rte_mbuf* frame) {
  std::array<iovec, kMaxSegments> pieces;
  int count = 0;
  for (const rte_mbuf* segment = frame; segment != nullptr; segment = segment->next) {
    if (count == static_cast<int>(pieces.size())) return false;
    pieces[count++] = {rte_pktmbuf_mtod(segment, void*), segment->data_len};
  }
  ssize_t written = 0;
  do {
    written = ::writev(fd, pieces.data(), count);
  } while (written < 0 && errno == EINTR);
  return written >= 0;
}

/// Puts `length` bytes behind the frame, in as many further buffers as that takes.
bool append(rte_mempool* pool, rte_mbuf* frame, const uint8_t* bytes, size_t length) {
  while (length > 0) {
    rte_mbuf* segment = rte_pktmbuf_alloc(pool);
    if (segment == nullptr) return false;
    const auto piece =
        static_cast<uint16_t>(std::min<size_t>(length, rte_pktmbuf_tailroom(segment)));
    std::memcpy(rte_pktmbuf_append(segment, piece), bytes, piece);
    if (rte_pktmbuf_chain(frame, segment) != 0) {
      rte_pktmbuf_free(segment);
      return false;
    }
    bytes += piece;
    length -= piece;
  }
  return true;
}

bool watch(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  return ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace

Result<std::unique_ptr<TapThread>> TapThread::start(const ExceptionPath& path,
                                                    std::vector<int> taps) {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  const int stop = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  bool watched = epoll >= 0 && stop >= 0 && watch(epoll, stop);
  for (const int tap : taps) watched = watched && (tap < 0 || watch(epoll, tap));
  if (!watched) {
    const Error error{std::string("tap thread: cannot wait on the TAPs: ") + std::strerror(errno)};
    if (epoll >= 0) ::close(epoll);
    if (stop >= 0) ::close(stop);
    return error;
  }
  std::unique_ptr<TapThread> thread(new TapThread(path, std::move(taps), epoll, stop));
  thread->thread_ = std::thread([raw = thread.get()] { raw->run(); });
  return thread;
}

TapThread::TapThread(const ExceptionPath& path, std::vector<int> taps, int epoll, int stop)
    : path_(path), taps_(std::move(taps)), epoll_(epoll), stop_event_(stop), overflow_(kMaxFrame) {}

TapThread::~TapThread() {
  stop_.store(true, std::memory_order_relaxed);
  const uint64_t one = 1;
  // An eventfd takes this always; the thread looks at stop_ every half millisecond besides.
  [[maybe_unused]] const ssize_t written = ::write(stop_event_, &one, sizeof(one));
  if (thread_.joinable()) thread_.join();
  ::close(epoll_);
  ::close(stop_event_);
}

void TapThread::run() {
  pthread_setname_np(pthread_self(), "lbd-tap");
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);  // signals are the main thread's
  // An lcore id gives the thread a cache of its own in every mempool. Without one all still works.
  const bool registered = rte_thread_register() == 0;
  unsigned idle_loops = 0;
  while (!stop_.load(std::memory_order_relaxed)) {
    const unsigned work = drain_rings() + read_taps();
    idle_loops = work > 0 ? 0 : idle_loops + 1;
    if (idle_loops > 0) wait(idle_loops);
  }
  if (registered) rte_thread_unregister();
}

void TapThread::wait(unsigned idle_loops) {
  const timespec timeout{0, idle_loops < kShortWaits ? kShortWaitNs : kLongWaitNs};
  epoll_event event;
  // What it says does not matter: read_taps() asks every TAP. The timeout is needed because workers
  // fill the rings without telling.
  epoll_pwait2(epoll_, &event, 1, &timeout, nullptr);
}

unsigned TapThread::drain_rings() {
  unsigned frames = 0;
  for (const ExceptionRings& rings : path_.workers) frames += drain_ring(rings.priority);
  for (const ExceptionRings& rings : path_.workers) frames += drain_ring(rings.bulk);
  return frames;
}

unsigned TapThread::drain_ring(rte_ring* ring) {
  std::array<rte_mbuf*, kBurst> burst;
  unsigned frames = 0;
  for (unsigned round = 0; round < kBurstsPerRing; ++round) {
    const unsigned count =
        rte_ring_sc_dequeue_burst(ring, reinterpret_cast<void**>(burst.data()), kBurst, nullptr);
    for (unsigned i = 0; i < count; ++i) {
      const uint16_t port = burst[i]->port;
      if (port >= taps_.size()) continue;
      const bool taken = taps_[port] >= 0 && write_frame(taps_[port], burst[i]);
      (taken ? counters_[port].to_kernel : counters_[port].to_kernel_dropped).add(1);
    }
    rte_pktmbuf_free_bulk(burst.data(), count);
    frames += count;
    if (count < kBurst) break;
  }
  return frames;
}

unsigned TapThread::read_taps() {
  unsigned frames = 0;
  for (size_t port = 0; port < taps_.size(); ++port) {
    for (unsigned i = 0; taps_[port] >= 0 && i < kFramesPerTap; ++i) {
      if (!read_tap(static_cast<PortIndex>(port))) break;
      ++frames;
    }
  }
  return frames;
}

bool TapThread::read_tap(PortIndex port) {
  TapCounters& counters = counters_[port];
  rte_mbuf* frame = rte_pktmbuf_alloc(path_.pool);
  // Without a buffer the frame is read all the same: the kernel must not find its queue full of
  // what is old by then.
  const uint16_t room = frame != nullptr ? rte_pktmbuf_tailroom(frame) : 0;
  std::array<iovec, 2> pieces{};
  if (frame != nullptr) pieces[0] = {rte_pktmbuf_mtod(frame, void*), room};
  pieces[1] = {overflow_.data(), overflow_.size()};
  const ssize_t length = ::readv(taps_[port], pieces.data(), 2);
  if (length <= 0) {
    rte_pktmbuf_free(frame);
    return false;
  }
  if (frame == nullptr) {
    counters.from_kernel_dropped.add(1);
    return true;
  }
  const auto first = static_cast<uint16_t>(std::min<ssize_t>(length, room));
  rte_pktmbuf_append(frame, first);
  frame->port = port;
  // Receive queue 0's worker has transmit queue 0 of the port.
  const WorkerIndex worker = queue_worker(port, 0, static_cast<unsigned>(path_.workers.size()));
  if (append(path_.pool, frame, overflow_.data(), static_cast<size_t>(length) - first) &&
      rte_ring_sp_enqueue(path_.workers[worker].from_tap, frame) == 0) {
    counters.from_kernel.add(1);
  } else {
    rte_pktmbuf_free(frame);
    counters.from_kernel_dropped.add(1);
  }
  return true;
}

}  // namespace lbd
