// SPDX-License-Identifier: Apache-2.0
#include "control/health/probe.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <utility>

#include "control/health/channel.h"

namespace lbd::health {
namespace {

using Clock = std::chrono::steady_clock;

/// All runs of one question. Lives as long as one of them does.
class Probe : public std::enable_shared_from_this<Probe> {
 public:
  Probe(boost::asio::io_context& io, CommandRunner& commands, std::vector<Target> targets,
        std::function<void(std::vector<ProbeResult>)> done)
      : io_(io), commands_(commands), targets_(std::move(targets)), done_(std::move(done)) {
    results_.resize(targets_.size());
    runs_.resize(targets_.size());
  }

  void start() {
    left_ = targets_.size();
    if (left_ == 0) return boost::asio::post(io_, [self = shared_from_this()] { self->done_({}); });
    for (size_t i = 0; i < targets_.size(); ++i) begin(i);
  }

 private:
  struct Run {
    std::unique_ptr<Attempt> attempt;
    std::unique_ptr<boost::asio::steady_timer> timer;
    bool over = false;
  };

  void begin(size_t i) {
    results_[i].title = targets_[i].title();
    std::shared_ptr<TlsContext> tls;
    const auto* http = std::get_if<config::HttpCheck>(&targets_[i].check.what);
    if (http != nullptr && http->tls) {
      auto context = TlsContext::make(http->verify, http->ca_file);
      if (!context) {
        boost::asio::post(io_, [self = shared_from_this(), i, reason = context.error().message] {
          self->end(i, Outcome::failure(reason));
        });
        return;
      }
      tls = std::move(context).value();
    }
    Run& run = runs_[i];
    run.timer = std::make_unique<boost::asio::steady_timer>(io_, targets_[i].check.timeout);
    run.timer->async_wait([self = shared_from_this(), i](const boost::system::error_code& error) {
      if (!error && !self->runs_[i].over) self->end(i, self->runs_[i].attempt->on_timeout());
    });
    // The timer holds the probe, and goes when the attempt has ended.
    run.attempt = make_attempt({io_, commands_, targets_[i], tls, &results_[i].trace},
                               [this, i](Outcome outcome) { end(i, std::move(outcome)); });
    run.attempt->start();
  }

  void end(size_t i, Outcome outcome) {
    const auto self = shared_from_this();
    if (std::exchange(runs_[i].over, true)) return;
    results_[i].took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun_);
    results_[i].outcome = std::move(outcome);
    // The attempt may be what calls.
    boost::asio::post(io_, [self, i] {
      self->runs_[i].attempt.reset();
      self->runs_[i].timer.reset();
      if (--self->left_ == 0) self->done_(std::move(self->results_));
    });
  }

  boost::asio::io_context& io_;
  CommandRunner& commands_;
  const std::vector<Target> targets_;
  const std::function<void(std::vector<ProbeResult>)> done_;
  const Clock::time_point begun_ = Clock::now();
  std::vector<ProbeResult> results_;
  std::vector<Run> runs_;
  size_t left_ = 0;
};

}  // namespace

void probe(boost::asio::io_context& io, CommandRunner& commands, std::vector<Target> targets,
           std::function<void(std::vector<ProbeResult>)> done) {
  std::make_shared<Probe>(io, commands, std::move(targets), std::move(done))->start();
}

}  // namespace lbd::health
