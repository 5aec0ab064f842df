// SPDX-License-Identifier: Apache-2.0
#include "control/vrrp/command_queue.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace lbd {

CommandQueue::~CommandQueue() {
  *alive_ = false;
  users_.stop();
  users_.join();
}

void CommandQueue::enqueue(const std::string& owner, const std::string& user, Command command,
                           CommandRunner::Finished finished) {
  ++looked_up_;
  auto job = std::make_shared<std::pair<Command, CommandRunner::Finished>>(std::move(command),
                                                                           std::move(finished));
  boost::asio::post(users_, [this, owner, user, job, alive = alive_] {
    std::string problem;
    if (!user.empty()) {
      auto found = find_user(user);
      if (found)
        job->first.user = std::move(found).value();
      else
        problem = found.error().message;
    }
    boost::asio::post(io_, [this, owner, problem, job, alive] {
      if (!*alive) return;
      --looked_up_;
      if (problem.empty())
        return runner_.enqueue(owner, std::move(job->first), std::move(job->second));
      CommandResult result;
      result.error = problem;
      job->second(result);
    });
  });
}

}  // namespace lbd
