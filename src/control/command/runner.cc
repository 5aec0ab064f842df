// SPDX-License-Identifier: Apache-2.0
#include "control/command/runner.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "control/command/process.h"

namespace lbd {

CommandRunner::~CommandRunner() {
  for (const auto& [id, process] : running_) process->abandon();
}

uint64_t CommandRunner::run(Command command, Finished finished) {
  const uint64_t id = next_id_++;
  waiting_.push_back({id, std::move(command), std::move(finished)});
  start_waiting();
  return id;
}

void CommandRunner::start_waiting() {
  while (!waiting_.empty() && running_.size() < kMostRunning) {
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    start(std::move(job));
  }
}

void CommandRunner::tell(const Finished& finished, CommandResult result) {
  boost::asio::post(io_, [finished, result = std::move(result), alive = std::weak_ptr(alive_)] {
    if (!alive.expired() && finished) finished(result);
  });
}

void CommandRunner::start(Job job) {
  bool shortage = false;
  const auto spawned = spawn(job.command, shortage);
  if (!spawned) {
    CommandResult result;
    result.error = job.command.words.front() + ": " + spawned.error().message;
    result.shortage = shortage;
    return tell(job.finished, std::move(result));
  }
  auto process = std::make_shared<Process>(io_, job.command, spawned.value(),
                                           [this, id = job.id, finished = std::move(job.finished),
                                            alive = std::weak_ptr(alive_)](CommandResult result) {
                                             if (alive.expired()) return;
                                             const bool wanted = running_.erase(id) > 0;
                                             start_waiting();
                                             if (wanted && finished) finished(result);
                                           });
  running_.emplace(job.id, process);
  process->start();
}

void CommandRunner::enqueue(const std::string& owner, Command command, Finished finished) {
  Queue& queue = queues_[owner];
  if (queue.jobs.size() >= kLongestQueue) {
    CommandResult result;
    result.error = "dropped, " + std::to_string(kLongestQueue) + " later ones wait";
    tell(queue.jobs.front().finished, std::move(result));
    queue.jobs.pop_front();
    --queued_;
  }
  queue.jobs.push_back({0, std::move(command), std::move(finished)});
  ++queued_;
  if (!queue.running) advance(owner);
}

void CommandRunner::advance(const std::string& owner) {
  const auto found = queues_.find(owner);
  Queue& queue = found->second;
  queue.running = !queue.jobs.empty();
  if (!queue.running) {
    queues_.erase(found);
    return;
  }
  Job job = std::move(queue.jobs.front());
  queue.jobs.pop_front();
  --queued_;
  run(std::move(job.command),
      [this, owner, finished = std::move(job.finished)](const CommandResult& result) {
        if (finished) finished(result);
        advance(owner);
      });
}

bool CommandRunner::waits(uint64_t id) const {
  return std::any_of(waiting_.begin(), waiting_.end(),
                     [id](const Job& job) { return job.id == id; });
}

void CommandRunner::cancel(uint64_t id) {
  const auto waiting =
      std::find_if(waiting_.begin(), waiting_.end(), [id](const Job& job) { return job.id == id; });
  if (waiting != waiting_.end()) {
    waiting_.erase(waiting);
    return;
  }
  const auto running = running_.find(id);
  if (running == running_.end()) return;
  const std::shared_ptr<Process> process = running->second;
  running_.erase(running);
  process->kill_now();
}

}  // namespace lbd
