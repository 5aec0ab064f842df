// SPDX-License-Identifier: Apache-2.0
#include "vrrp/kernel_writer.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "vrrp/real_time.h"
#include "vrrp/rtnetlink.h"

namespace lbd::vrrp {
namespace {

void ring(int event) {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(event, &one, sizeof(one));
}

std::string describe(const KernelChange& change) {
  using What = KernelChange::What;
  if (change.what == What::kRoute) return "add route " + change.route.to.to_string();
  if (change.what == What::kLink) return "set up interface " + std::to_string(change.ifindex);
  return "add address " + change.address.to_string();
}

/// What is there already, or gone already, is as it should be.
bool is_fine(const KernelChange& change, int error) {
  if (error == 0) return true;
  if (change.add) return error == EEXIST;
  return error == EADDRNOTAVAIL || error == ENODEV || error == ESRCH || error == ENOENT;
}

}  // namespace

bool become_real_time(const char* name, int priority) {
  pthread_setname_np(pthread_self(), name);
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  sched_param parameters{};
  parameters.sched_priority = priority;
  return pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameters) == 0;
}

Result<std::unique_ptr<KernelWriter>> KernelWriter::start(int wake) {
  const int netlink = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (netlink < 0)
    return Error{std::string("vrrp: cannot open a netlink socket: ") + std::strerror(errno)};
  const timeval second{1, 0};
  ::setsockopt(netlink, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
  const int event = ::eventfd(0, EFD_CLOEXEC);
  if (event < 0) {
    ::close(netlink);
    return Error{std::string("vrrp: cannot make an eventfd: ") + std::strerror(errno)};
  }
  std::unique_ptr<KernelWriter> writer(new KernelWriter(netlink, event, wake));
  writer->thread_ = std::thread([raw = writer.get()] { raw->run(); });
  return writer;
}

KernelWriter::~KernelWriter() {
  while (!push_waiting()) std::this_thread::yield();
  stop_ = true;
  ring(event_);
  if (thread_.joinable()) thread_.join();
  while (finished()) continue;
  ::close(netlink_);
  ::close(event_);
}

void KernelWriter::submit(std::unique_ptr<KernelJob> job) {
  waiting_.push_back(std::move(job));
  push_waiting();
}

bool KernelWriter::push_waiting() {
  size_t pushed = 0;
  while (pushed < waiting_.size() && jobs_.push(waiting_[pushed].get()))
    waiting_[pushed++].release();
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(pushed));
  if (pushed != 0) ring(event_);
  return waiting_.empty();
}

std::unique_ptr<KernelJob> KernelWriter::finished() {
  KernelJob* job = nullptr;
  if (!done_.pop(job)) return nullptr;
  push_waiting();
  return std::unique_ptr<KernelJob>(job);
}

void KernelWriter::run() {
  become_real_time("lbd-vrrp-net", kWriterPriority);
  while (true) {
    const bool last = stop_;
    KernelJob* job = nullptr;
    while (jobs_.pop(job)) {
      work(*job);
      // It holds as many as the other queue; who does not take them back loses the report only.
      if (!done_.push(job)) delete job;
      ring(wake_);
    }
    if (last) return;
    uint64_t rung = 0;
    [[maybe_unused]] const ssize_t got = ::read(event_, &rung, sizeof(rung));
  }
}

void KernelWriter::work(KernelJob& job) {
  for (const KernelChange& change : job.changes) {
    const int error = request(change);
    if (!is_fine(change, error))
      job.problems.push_back("cannot " + std::string(change.add ? "" : "undo: ") +
                             describe(change) + ": " + std::strerror(error));
  }
}

int KernelWriter::request(const KernelChange& change) {
  const std::vector<uint8_t> bytes = rtnetlink_request(change, ++sequence_);
  if (::send(netlink_, bytes.data(), bytes.size(), 0) < 0) return errno;
  alignas(nlmsghdr) std::array<uint8_t, 4096> answer;
  while (true) {
    const ssize_t length = ::recv(netlink_, answer.data(), answer.size(), 0);
    if (length < 0) return errno;
    nlmsghdr header;
    if (static_cast<size_t>(length) < sizeof(header) + sizeof(int)) return EBADMSG;
    std::memcpy(&header, answer.data(), sizeof(header));
    if (header.nlmsg_seq != sequence_ || header.nlmsg_type != NLMSG_ERROR) continue;
    int error = 0;
    std::memcpy(&error, answer.data() + sizeof(header), sizeof(error));
    return -error;
  }
}

}  // namespace lbd::vrrp
