// SPDX-License-Identifier: Apache-2.0
#include "control/health/monitor.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "control/health/channel.h"

namespace lbd::health {
namespace {

using Clock = std::chrono::steady_clock;

Timing timing_of(const config::HealthCheck& check) {
  return {check.interval, check.retry_delay, check.retries, check.rise};
}

}  // namespace

Monitor::Monitor(Parts parts)
    : parts_(std::move(parts)), due_timer_(parts_.io), deadline_timer_(parts_.io) {}

Monitor::~Monitor() = default;

const Job* Monitor::find(const std::string& key) const {
  const auto found = jobs_.find(key);
  return found == jobs_.end() ? nullptr : found->second.get();
}

void Monitor::replace(std::vector<Target> targets,
                      const std::function<Initial(const std::string& key)>& initial) {
  for (const auto& [key, job] : jobs_) job->wanted = false;
  for (Target& target : targets) {
    std::string key = target.key();
    const auto known = jobs_.find(key);
    if (known != jobs_.end()) {
      known->second->wanted = true;
      renew_tls(*known->second);
      continue;
    }
    const Initial begins = initial(key);
    add(std::move(target), std::move(key), begins);
  }
  std::erase_if(jobs_, [this](const auto& entry) {
    if (!entry.second->wanted) tickets_.erase(entry.second.get());
    return !entry.second->wanted;
  });
  arm_due();
}

void Monitor::add(Target target, std::string key, const Initial& initial) {
  const Time now = Clock::now();
  CheckState state(timing_of(target.check), initial.verdict,
                   first_due(now, target.check.interval, added_++));
  auto job = std::make_unique<Job>(Job{key, std::move(target), state, {}, {}, {}, {}, now, {}});
  const auto* exec = std::get_if<config::ExecCheck>(&job->target.check.what);
  if (exec != nullptr && exec->dynamic_weight) job->weight = initial.weight;
  renew_tls(*job);
  schedule(*job);
  jobs_.emplace(std::move(key), std::move(job));
}

void Monitor::renew_tls(Job& job) {
  const auto* http = std::get_if<config::HttpCheck>(&job.target.check.what);
  if (http == nullptr || !http->tls) return;
  auto context = tls_contexts_.get(http->verify, http->ca_file);
  job.tls_fault = context ? "" : context.error().message;
  if (context) job.tls = std::move(context).value();
}

void Monitor::schedule(Job& job) {
  const uint64_t ticket = next_ticket_++;
  tickets_[&job] = ticket;
  due_.push({job.state.due(), &job, ticket});
}

void Monitor::arm_due() {
  if (due_.empty() || due_.top().time == due_armed_) return;
  due_armed_ = due_.top().time;
  due_timer_.expires_at(due_armed_);
  due_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    due_armed_ = Time::max();
    on_due();
  });
}

void Monitor::on_due() {
  const Time now = Clock::now();
  unsigned begun = 0;
  while (!due_.empty() && due_.top().time <= now && begun < kBurst) {
    const Entry entry = due_.top();
    due_.pop();
    const auto ticket = tickets_.find(entry.job);
    if (ticket == tickets_.end() || ticket->second != entry.ticket) continue;
    begin(*entry.job);
    ++begun;
  }
  arm_due();
  arm_deadlines();
}

void Monitor::begin(Job& job) {
  job.resting = !parts_.may_run(job.target);
  if (job.resting) {
    ++job.rests;
    job.state.pause(Clock::now());
    return schedule(job);
  }
  job.begun = Clock::now();
  ++figures_.runs;
  ++job.runs;
  figures_.latest = std::max(figures_.latest, job.state.lateness(job.begun));
  const uint64_t ticket = next_ticket_++;
  tickets_[&job] = ticket;
  deadlines_.push({job.begun + job.target.check.timeout, &job, ticket});
  if (!job.tls_fault.empty()) return ended(job, Outcome::failure(job.tls_fault));
  job.attempt = make_attempt({parts_.io, parts_.commands, job.target, job.tls, nullptr},
                             [this, &job](Outcome outcome) { ended(job, std::move(outcome)); });
  job.attempt->start();
}

void Monitor::arm_deadlines() {
  // Most runs have ended long before their deadline.
  while (!deadlines_.empty()) {
    const auto ticket = tickets_.find(deadlines_.top().job);
    if (ticket != tickets_.end() && ticket->second == deadlines_.top().ticket) break;
    deadlines_.pop();
  }
  if (deadlines_.empty() || deadlines_.top().time == deadline_armed_) return;
  deadline_armed_ = deadlines_.top().time;
  deadline_timer_.expires_at(deadline_armed_);
  deadline_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    deadline_armed_ = Time::max();
    on_deadlines();
  });
}

void Monitor::on_deadlines() {
  const Time now = Clock::now();
  while (!deadlines_.empty() && deadlines_.top().time <= now) {
    const Entry entry = deadlines_.top();
    deadlines_.pop();
    const auto ticket = tickets_.find(entry.job);
    if (ticket == tickets_.end() || ticket->second != entry.ticket || !entry.job->attempt) continue;
    const auto attempt = std::move(entry.job->attempt);
    Outcome outcome = attempt->on_timeout();
    if (outcome.kind == Outcome::Kind::kFailure)
      outcome.reason =
          "timeout after " + std::to_string(entry.job->target.check.timeout.count()) + " ms" +
          outcome.reason.substr(std::min(outcome.reason.size(), std::string("timeout").size()));
    ended(*entry.job, std::move(outcome));
  }
  arm_deadlines();
}

void Monitor::ended(Job& job, Outcome outcome) {
  // The attempt is what calls, then: it goes when it has returned.
  if (job.attempt)
    boost::asio::post(parts_.io, [attempt = std::shared_ptr<Attempt>(std::move(job.attempt))] {});
  const Time now = Clock::now();
  job.last_took = std::chrono::duration_cast<milliseconds>(now - job.begun);
  bool changed = false;
  if (outcome.kind == Outcome::Kind::kNotRun) {
    ++figures_.not_run;
    job.state.postpone(now);
  } else {
    const bool success = outcome.kind == Outcome::Kind::kSuccess;
    if (!success) {
      ++figures_.failures;
      ++job.failures;
    }
    changed = job.state.result(success, now);
    if (changed) {
      ++job.changes;
      job.since = now;
    }
    if (success && job.weight != outcome.weight) {
      job.weight = outcome.weight;
      changed = true;
    }
  }
  job.last = std::move(outcome);
  schedule(job);
  arm_due();
  parts_.result(job, changed);
}

}  // namespace lbd::health
