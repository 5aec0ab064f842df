// SPDX-License-Identifier: Apache-2.0
#include "control/kernel/tap_thread.h"

#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <rte_eal.h>
#include <rte_mbuf.h>
#include <rte_ring.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <functional>
#include <thread>

#include "control/kernel/tap.h"
#include "kernel_lab.h"

namespace lbd::test {
namespace {

bool start_eal_once() {
  static const bool started = [] {
    // --no-shconf leaves no files behind.
    std::array<const char*, 8> arguments{"test", "--no-huge", "--no-pci",       "--no-shconf",
                                         "-l",   "0",         "--no-telemetry", "-m64"};
    return rte_eal_init(static_cast<int>(arguments.size()), const_cast<char**>(arguments.data())) >=
           0;
  }();
  return started;
}

constexpr unsigned kWorkers = 2;

class TapThreadTest : public NamespaceTest {
 protected:
  void SetUp() override {
    NamespaceTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(start_eal_once());
    // Else the kernel has frames of its own to send: multicast listener reports.
    run("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6");
    for (int i = 0; i < 2; ++i) {
      MacAddress address = mac("02:00:00:00:00:b0");
      address.bytes[5] = static_cast<uint8_t>(address.bytes[5] + i);
      auto tap = Tap::create({"tap" + std::to_string(i), address, 9000, true});
      ASSERT_TRUE(tap) << tap.error().message;
      taps_.push_back(std::move(tap.value()));
      run("ip addr add 10.0." + std::to_string(i) + ".1/24 dev tap" + std::to_string(i));
      run("ip neigh add 10.0." + std::to_string(i) + ".2 lladdr 02:00:00:00:0b:02 dev tap" +
          std::to_string(i));
    }
    path_.pool =
        rte_pktmbuf_pool_create("tp-pool", 511, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
    ASSERT_NE(path_.pool, nullptr);
    for (unsigned i = 0; i < kWorkers; ++i) {
      path_.workers.push_back(
          {make_ring("priority", i), make_ring("bulk", i), make_ring("from", i)});
    }
  }

  void TearDown() override {
    thread_.reset();
    for (const ExceptionRings& rings : path_.workers) {
      for (rte_ring* ring : {rings.priority, rings.bulk, rings.from_tap}) {
        while (rte_mbuf* left = take(ring)) rte_pktmbuf_free(left);
        rte_ring_free(ring);
      }
    }
    if (path_.pool != nullptr) {
      EXPECT_EQ(rte_mempool_avail_count(path_.pool), 511u) << "buffers were lost";
    }
    rte_mempool_free(path_.pool);
  }

  void start() {
    auto thread = TapThread::start(path_, {taps_[0].fd(), taps_[1].fd()});
    ASSERT_TRUE(thread) << thread.error().message;
    thread_ = std::move(thread.value());
  }

  static rte_ring* make_ring(const char* what, unsigned worker) {
    const std::string name = "tp-" + std::string(what) + std::to_string(worker);
    return rte_ring_create(name.c_str(), 256, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
  }
  static rte_mbuf* take(rte_ring* ring) {
    void* object = nullptr;
    return rte_ring_dequeue(ring, &object) == 0 ? static_cast<rte_mbuf*>(object) : nullptr;
  }
  static bool await(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }

  /// A UDP frame to tap0's address, in as many buffers as `split` says.
  rte_mbuf* make_frame(uint16_t to_port, size_t payload, unsigned split, PortIndex port = 0) {
    std::vector<uint8_t> bytes(42 + payload, 0x5a);
    const std::array<uint8_t, 42> headers{
        0x02, 0, 0, 0, 0, 0xb0, 0x02, 0, 0,  0,  0x0b, 0x02, 0x08, 0x00,  //
        0x45, 0, 0, 0, 0, 0,    0,    0, 64, 17, 0,    0,    10,   0,    0, 2, 10, 0, 0, 1};
    std::copy(headers.begin(), headers.end(), bytes.begin());
    const auto put16 = [&](size_t at, size_t value) {
      bytes[at] = static_cast<uint8_t>(value >> 8);
      bytes[at + 1] = static_cast<uint8_t>(value);
    };
    put16(16, 28 + payload);
    put16(34, 4000);
    put16(36, to_port);
    put16(38, 8 + payload);
    put16(40, 0);
    uint32_t sum = 0;
    for (size_t i = 14; i < 34; i += 2) sum += bytes[i] * 256u + bytes[i + 1];
    put16(24, ~(sum % 0xffff) & 0xffff);
    return in_buffers(bytes, split, port);
  }

  rte_mbuf* in_buffers(const std::vector<uint8_t>& bytes, unsigned split, PortIndex port) {
    rte_mbuf* first = nullptr;
    const size_t piece = bytes.size() / split + 1;
    for (size_t at = 0; at < bytes.size(); at += piece) {
      rte_mbuf* segment = rte_pktmbuf_alloc(path_.pool);
      const auto length = static_cast<uint16_t>(std::min(piece, bytes.size() - at));
      std::memcpy(rte_pktmbuf_append(segment, length), &bytes[at], length);
      if (first == nullptr) {
        first = segment;
      } else {
        EXPECT_EQ(rte_pktmbuf_chain(first, segment), 0);
      }
    }
    first->port = port;
    return first;
  }

  std::vector<Tap> taps_;
  ExceptionPath path_;
  std::unique_ptr<TapThread> thread_;
};

class UdpSocket {
 public:
  UdpSocket() : fd_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    socklen_t length = sizeof(any);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&any), length), 0);
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&any), &length), 0);
    port_ = ntohs(any.sin_port);
    const timeval limit{5, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  }
  ~UdpSocket() { ::close(fd_); }
  uint16_t port() const { return port_; }
  ssize_t receive() {
    std::vector<uint8_t> buffer(10'000);
    return ::recv(fd_, buffer.data(), buffer.size(), 0);
  }
  void send(uint32_t to, size_t length) {
    sockaddr_in peer{};
    peer.sin_family = AF_INET;
    peer.sin_port = htons(4000);
    peer.sin_addr.s_addr = htonl(to);
    const std::vector<uint8_t> payload(length, 0xa5);
    EXPECT_EQ(
        ::sendto(fd_, payload.data(), length, 0, reinterpret_cast<sockaddr*>(&peer), sizeof(peer)),
        static_cast<ssize_t>(length));
  }

 private:
  int fd_;
  uint16_t port_ = 0;
};

TEST_F(TapThreadTest, FramesOfAllRingsReachTheKernel) {
  start();
  UdpSocket socket;
  for (const ExceptionRings& rings : path_.workers) {
    ASSERT_EQ(rte_ring_enqueue(rings.priority, make_frame(socket.port(), 100, 1)), 0);
    EXPECT_EQ(socket.receive(), 100);
    ASSERT_EQ(rte_ring_enqueue(rings.bulk, make_frame(socket.port(), 8000, 5)), 0);
    EXPECT_EQ(socket.receive(), 8000);
  }
  EXPECT_TRUE(await([&] { return thread_->counters(0).to_kernel.get() == 4; }));
  EXPECT_EQ(thread_->counters(1).to_kernel.get(), 0u);
}

TEST_F(TapThreadTest, RefusedFramesAreCounted) {
  start();
  run("ip link set tap1 down");
  ASSERT_EQ(rte_ring_enqueue(path_.workers[0].bulk, make_frame(1, 100, 1, 1)), 0);
  EXPECT_TRUE(await([&] { return thread_->counters(1).to_kernel_dropped.get() == 1; }));
}

TEST_F(TapThreadTest, FrameOfTheKernelGoesToTheWorkerWithTheQueue) {
  start();
  UdpSocket socket;
  socket.send(0x0a000002, 100);
  socket.send(0x0a000102, 8000);
  rte_mbuf* first = nullptr;
  rte_mbuf* second = nullptr;
  ASSERT_TRUE(await([&] { return (first = take(path_.workers[0].from_tap)) != nullptr; }));
  ASSERT_TRUE(await([&] { return (second = take(path_.workers[1].from_tap)) != nullptr; }));
  EXPECT_EQ(first->port, 0);
  EXPECT_EQ(first->pkt_len, 142u);
  EXPECT_EQ(second->port, 1);
  ASSERT_EQ(second->pkt_len, 8042u);
  ASSERT_GT(second->nb_segs, 1u);
  uint8_t last = 0;
  EXPECT_EQ(*static_cast<const uint8_t*>(rte_pktmbuf_read(second, 8041, 1, &last)), 0xa5);
  rte_pktmbuf_free(first);
  rte_pktmbuf_free(second);
  EXPECT_EQ(thread_->counters(0).from_kernel.get(), 1u);
  EXPECT_EQ(thread_->counters(1).from_kernel.get(), 1u);
}

TEST_F(TapThreadTest, FullRingAndEmptyPoolAreCounted) {
  start();
  UdpSocket socket;
  constexpr unsigned kFrames = 900;  // ring: 255, pool: 511
  for (unsigned i = 0; i < kFrames; ++i) {
    socket.send(0x0a000002, 10);
    // Not faster than the TAP's own queue is read.
    ASSERT_TRUE(await([&] {
      const TapCounters& seen = thread_->counters(0);
      return seen.from_kernel.get() + seen.from_kernel_dropped.get() == i + 1;
    }));
  }
  EXPECT_EQ(thread_->counters(0).from_kernel.get(), 255u);
  std::vector<rte_mbuf*> all;
  while (rte_mbuf* buffer = rte_pktmbuf_alloc(path_.pool)) all.push_back(buffer);
  socket.send(0x0a000102, 10);
  EXPECT_TRUE(await([&] { return thread_->counters(1).from_kernel_dropped.get() == 1; }));
  for (rte_mbuf* buffer : all) rte_pktmbuf_free(buffer);
}

TEST_F(TapThreadTest, IdleThreadSleepsAndStopsAtOnce) {
  rusage before{};
  ::getrusage(RUSAGE_SELF, &before);
  start();
  // Long enough for the long waits to begin; what is measured is time of the processor, not of day.
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  rusage after{};
  ::getrusage(RUSAGE_SELF, &after);
  const auto spent = [](const rusage& usage) {
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
  };
  EXPECT_LT(spent(after) - spent(before), 60);
  const auto start_of_stop = std::chrono::steady_clock::now();
  thread_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start_of_stop, std::chrono::milliseconds(200));
}

}  // namespace
}  // namespace lbd::test
