// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "control/health/check_state.h"
#include "control/health/outcome.h"
#include "control/health/tls_contexts.h"

namespace lbd::health {

/// One check of one target, and all that is known of it.
struct Job {
  std::string key;
  Target target;
  CheckState state;
  std::shared_ptr<TlsContext> tls;
  std::string tls_fault;             // the context could not be made: every run fails
  std::unique_ptr<Attempt> attempt;  // while it runs
  Time begun;
  Time since;  // of the verdict
  Outcome last;
  milliseconds last_took{0};
  std::optional<uint32_t> weight = std::nullopt;  // of the last success
  uint64_t runs = 0;
  uint64_t failures = 0;  // of all time
  uint64_t changes = 0;   // of the verdict
  uint64_t rests = 0;     // how often it was due and might not run
  bool resting = false;   // not now: Parts::may_run
  bool wanted = true;     // within replace()
};

/// Runs checks when they are due.
///
/// Theory. Jobs wait in a heap by their due time, with one timer for the first. When it fires, what
/// is due begins, at most kBurst at once, and then whatever else the control thread has to do. A
/// run that has begun sits in a second heap by its deadline, with another timer: one heap operation
/// costs less than a timer of its own for each run. Entries of jobs that are gone or have moved on
/// are recognised by their ticket and dropped when they come up.
class Monitor {
 public:
  struct Parts {
    boost::asio::io_context& io;
    CommandRunner& commands;
    /// After each run; `changed`: the verdict or the weight did.
    std::function<void(const Job&, bool changed)> result;
    /// Whether a run that is due may be made now; if not, it is looked at again soon.
    std::function<bool(const Target&)> may_run;
  };
  struct Figures {
    uint64_t runs = 0;
    uint64_t failures = 0;
    uint64_t not_run = 0;
    milliseconds latest{0};  // the worst delay of a start against its due time
  };

  explicit Monitor(Parts parts);
  ~Monitor();

  /// How a job begins.
  struct Initial {
    Verdict verdict = Verdict::kUnknown;
    std::optional<uint32_t> weight = std::nullopt;  // of a check that gives one
  };
  /// These are the targets from now on. Jobs whose key is still wanted go on untouched, with files
  /// of certificates as they are now; `initial` is asked how a new one begins.
  void replace(std::vector<Target> targets,
               const std::function<Initial(const std::string& key)>& initial);
  /// Null where there is none.
  const Job* find(const std::string& key) const;
  const std::unordered_map<std::string, std::unique_ptr<Job>>& jobs() const { return jobs_; }
  const Figures& figures() const { return figures_; }

 private:
  static constexpr unsigned kBurst = 64;
  struct Entry {
    Time time;
    Job* job;
    uint64_t ticket;
    bool operator>(const Entry& other) const { return time > other.time; }
  };
  using Heap = std::priority_queue<Entry, std::vector<Entry>, std::greater<>>;

  void add(Target target, std::string key, const Initial& initial);
  void renew_tls(Job& job);
  void schedule(Job& job);
  void arm_due();
  void arm_deadlines();
  void on_due();
  void on_deadlines();
  void begin(Job& job);
  void ended(Job& job, Outcome outcome);

  Parts parts_;
  boost::asio::steady_timer due_timer_;
  boost::asio::steady_timer deadline_timer_;
  std::unordered_map<std::string, std::unique_ptr<Job>> jobs_;
  /// What a job waits for now: entries with another ticket are stale.
  std::unordered_map<Job*, uint64_t> tickets_;
  uint64_t next_ticket_ = 1;
  uint64_t added_ = 0;
  TlsContexts tls_contexts_;
  Heap due_;
  Heap deadlines_;
  Time due_armed_ = Time::max();
  Time deadline_armed_ = Time::max();
  Figures figures_;
};

}  // namespace lbd::health
