// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "control/health/talk.h"

namespace lbd::health {
namespace {

constexpr size_t kLongestReply = 4096;

/// RFC 5321: 220, HELO, 250, QUIT, 221. A reply may have several lines, all but the last with a
/// hyphen behind the code (4.2.1).
class SmtpAttempt : public Talk {
 public:
  SmtpAttempt(const AttemptParts& parts, Done done)
      : Talk(parts, Channel::Kind::kTcp, std::move(done)),
        helo_(std::get<config::SmtpCheck>(parts.target.check.what).helo) {}

 private:
  enum class Step { kGreeting, kHelo, kQuit };

  void opened() override {
    waits("for the greeting");
    receive();
  }

  void received(std::string_view data) override {
    if (data.empty() && step_ == Step::kQuit) return finish(Outcome::success());
    if (data.empty()) return finish(Outcome::failure("closed by the server" + at_step()));
    input_ += data;
    if (input_.size() > kLongestReply)
      return finish(Outcome::failure("reply is longer than 4 KiB" + at_step()));
    for (size_t end = input_.find('\n'); end != std::string::npos; end = input_.find('\n')) {
      std::string line = input_.substr(0, end);
      input_.erase(0, end + 1);
      while (!line.empty() && line.back() == '\r') line.pop_back();
      note("received: " + shown_bytes(line));
      if (line.size() > 3 && line[3] == '-') continue;
      return replied(line);
    }
    receive();
  }

  void replied(const std::string& line) {
    const std::string code = line.substr(0, 3);
    const char* wanted = step_ == Step::kGreeting ? "220" : step_ == Step::kHelo ? "250" : "221";
    if (step_ != Step::kQuit && code != wanted)
      return finish(Outcome::failure("reply " + shown_bytes(line) + at_step() + ", not " + wanted));
    switch (step_) {
      case Step::kGreeting:
        step_ = Step::kHelo;
        waits("for the reply to HELO");
        send("HELO " + helo_ + "\r\n");
        break;
      case Step::kHelo:
        step_ = Step::kQuit;
        waits("for the reply to QUIT");
        send("QUIT\r\n");
        break;
      case Step::kQuit:
        return finish(Outcome::success());
    }
    receive();
  }

  /// It has said all that was asked: a slow farewell is no failure.
  Outcome on_timeout() override {
    return step_ == Step::kQuit ? Outcome::success() : Talk::on_timeout();
  }

  std::string at_step() const {
    return step_ == Step::kGreeting ? " to the connection" : " to HELO";
  }

  const std::string helo_;
  std::string input_;
  Step step_ = Step::kGreeting;
};

}  // namespace

std::unique_ptr<Attempt> make_smtp(const AttemptParts& parts, Attempt::Done done) {
  return std::make_unique<SmtpAttempt>(parts, std::move(done));
}

}  // namespace lbd::health
