// SPDX-License-Identifier: Apache-2.0
#include "control/command/runner.h"
#include "control/health/talk.h"

namespace lbd::health {
namespace {

/// MISC_CHECK of keepalived: exit code 0 is up, 1 is down; with dynamic_weight 2..255 are up with
/// weight code - 2, without it down. What the program says is the reason.
class ExecAttempt : public Attempt {
 public:
  ExecAttempt(const AttemptParts& parts, Done done)
      : commands_(parts.commands),
        runner_(parts.commands.alive()),
        target_(parts.target),
        check_(std::get<config::ExecCheck>(parts.target.check.what)),
        trace_(parts.trace),
        done_(std::move(done)) {}

  /// A program that has run into its timeout is seen off by the runner (TERM, then KILL).
  ~ExecAttempt() override {
    if (running_ && !overdue_ && !runner_.expired()) commands_.cancel(id_);
    *alive_ = false;
  }

  void start() override {
    Command command;
    command.words = check_.command.words;
    command.environment = {{"LBD_SERVICE", target_.service},
                           {"LBD_SERVER", target_.server},
                           {"LBD_ADDRESS", target_.address.to_string()},
                           {"LBD_PORT", std::to_string(target_.port)}};
    // Its failure is told when the check's time is over; the program's end comes after that.
    command.timeout = target_.check.timeout + std::chrono::milliseconds(100);
    command.kill_leftovers = true;
    if (trace_ != nullptr) trace_->push_back("run: " + check_.command.text);
    running_ = true;
    id_ = commands_.run(std::move(command), [this, alive = alive_](const CommandResult& result) {
      if (*alive) ended(result);
    });
  }

  Outcome on_timeout() override {
    if (!runner_.expired() && commands_.waits(id_))
      return Outcome::not_run("it had no turn, " + std::to_string(CommandRunner::kMostRunning) +
                              " other checks' programs were running");
    overdue_ = true;
    return Attempt::on_timeout();
  }

 private:
  void ended(const CommandResult& result) {
    running_ = false;
    const Done done = std::move(done_);
    if (trace_ != nullptr)
      trace_->push_back(result.describe() + ", output: " + shown_bytes(result.output));
    done(outcome_of(result));
  }

  Outcome outcome_of(const CommandResult& result) const {
    if (result.success()) return Outcome::success();
    const bool weighted =
        check_.dynamic_weight && result.end == CommandResult::End::kExited && result.code >= 2;
    if (weighted) {
      Outcome outcome = Outcome::success();
      outcome.weight = static_cast<uint32_t>(result.code - 2);
      return outcome;
    }
    std::string reason = result.describe();
    if (result.shortage) return Outcome::not_run(std::move(reason));
    const bool ended = result.end == CommandResult::End::kExited;
    const std::string said = result.output.substr(0, result.output.find('\n'));
    if (ended && !said.empty()) reason += ": " + shown_bytes(said);
    return Outcome::failure(std::move(reason));
  }

  std::string phase() const override { return "while it ran"; }

  CommandRunner& commands_;
  const std::weak_ptr<bool> runner_;
  const Target& target_;
  const config::ExecCheck check_;
  Trace* trace_;
  Done done_;
  uint64_t id_ = 0;
  bool running_ = false;
  bool overdue_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::unique_ptr<Attempt> make_exec(const AttemptParts& parts, Attempt::Done done) {
  return std::make_unique<ExecAttempt>(parts, std::move(done));
}

}  // namespace lbd::health
