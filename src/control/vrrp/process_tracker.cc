// SPDX-License-Identifier: Apache-2.0
#include "control/vrrp/process_tracker.h"

#include <spdlog/spdlog.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <optional>
#include <utility>

#include "control/vrrp/find_process.h"

namespace lbd {

struct ProcessTracker::Process {
  Process(boost::asio::io_context& io, std::string given) : name(std::move(given)), running(io) {}
  std::string name;
  boost::asio::posix::stream_descriptor running;  // a pidfd; closed: none is known to run
  std::optional<bool> up;
};

/// What a search brought home.
struct ProcessTracker::Found {
  Found() = default;
  Found(const Found&) = delete;
  Found& operator=(const Found&) = delete;
  ~Found() {
    for (const auto& [name, fd] : pidfds)
      if (fd >= 0) ::close(fd);
  }
  std::map<std::string, int> pidfds;
};

namespace {

/// -1 where it has ended meanwhile.
int open_pidfd(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

}  // namespace

ProcessTracker::ProcessTracker(boost::asio::io_context& io, Changed changed)
    : io_(io), changed_(std::move(changed)), timer_(io) {}

ProcessTracker::~ProcessTracker() {
  *alive_ = false;
  searcher_.stop();
  searcher_.join();
}

void ProcessTracker::configure(const std::set<std::string>& names) {
  std::map<std::string, std::shared_ptr<Process>> next;
  for (const std::string& name : names) {
    const auto old = processes_.find(name);
    next[name] = old != processes_.end() ? old->second : std::make_shared<Process>(io_, name);
  }
  for (const auto& [name, process] : processes_)
    if (!next.contains(name)) process->running.close();
  processes_ = std::move(next);
  search();
}

/// Looks for those that are not known to run.
void ProcessTracker::search() {
  again_ = searching_;
  if (searching_) return;
  std::set<std::string> missing;
  for (const auto& [name, process] : processes_)
    if (!process->running.is_open()) missing.insert(name);
  timer_.cancel();
  if (missing.empty()) return;
  searching_ = true;
  boost::asio::post(searcher_, [this, missing, alive = alive_] {
    auto found = std::make_shared<Found>();
    for (const auto& [name, pid] : find_processes(missing)) {
      const int fd = open_pidfd(pid);
      if (fd < 0) continue;
      // What a number names may have changed between the two.
      if (is_process(pid, name))
        found->pidfds[name] = fd;
      else
        ::close(fd);
    }
    boost::asio::post(io_, [this, found, alive] {
      if (*alive) searched(*found);
    });
  });
}

void ProcessTracker::searched(Found& found) {
  searching_ = false;
  bool missing = false;
  for (const auto& [name, process] : processes_) {
    if (process->running.is_open()) continue;
    const auto one = found.pidfds.find(name);
    if (one != found.pidfds.end())
      watch(process, std::exchange(one->second, -1));
    else
      missing = true;
    if (!again_ || process->running.is_open()) set(*process, process->running.is_open());
  }
  if (std::exchange(again_, false)) return search();
  if (!missing) return;
  timer_.expires_after(kSearchEvery);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) search();
  });
}

void ProcessTracker::watch(const std::shared_ptr<Process>& process, int pidfd) {
  process->running.assign(pidfd);
  process->running.async_wait(
      boost::asio::posix::descriptor_base::wait_read,
      [this, process, alive = alive_](const boost::system::error_code& error) {
        if (error || !*alive) return;
        process->running.close();
        search();  // there may be another one of that name
      });
}

void ProcessTracker::set(Process& process, bool up) {
  if (process.up == up) return;
  process.up = up;
  spdlog::info("vrrp: process {}: {}", process.name, up ? "runs" : "does not run");
  changed_(process.name, up);
}

}  // namespace lbd
