// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace lbd {

/// Which of some processes run. The end of one is noticed at once (a pidfd); its start within
/// kSearchEvery, for the kernel tells nobody: a thread of its own looks through /proc while one is
/// missing.
class ProcessTracker {
 public:
  using Changed = std::function<void(const std::string& name, bool up)>;
  static constexpr std::chrono::milliseconds kSearchEvery{1000};

  ProcessTracker(boost::asio::io_context& io, Changed changed);
  ~ProcessTracker();

  /// What is known of names that are still in it stays.
  void configure(const std::set<std::string>& names);

 private:
  struct Process;
  struct Found;
  void search();
  void searched(Found& found);
  void watch(const std::shared_ptr<Process>& process, int pidfd);
  void set(Process& process, bool up);

  boost::asio::io_context& io_;
  Changed changed_;
  boost::asio::steady_timer timer_;
  std::map<std::string, std::shared_ptr<Process>> processes_;
  bool searching_ = false;
  bool again_ = false;  // something changed while a search was on
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  boost::asio::thread_pool searcher_{1};
};

}  // namespace lbd
