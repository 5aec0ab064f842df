// SPDX-License-Identifier: Apache-2.0
#include "control/health/talk.h"

namespace lbd::health {
namespace {

/// Sends a datagram. ICMP unreachable is down, and so is an answer that is not the expected one.
/// Silence is up, unless an answer is required.
class UdpAttempt : public Talk {
 public:
  UdpAttempt(const AttemptParts& parts, Done done)
      : Talk(parts, Channel::Kind::kUdp, std::move(done)),
        check_(std::get<config::UdpCheck>(parts.target.check.what)) {}

 private:
  void opened() override {
    waits("waiting for the answer");
    send(check_.send, check_.send.empty() ? "an empty datagram" : "");
    receive();
  }

  void received(std::string_view data) override {
    note("received: " + shown_bytes(data));
    if (data.substr(0, check_.expect.size()) == check_.expect) return finish(Outcome::success());
    finish(Outcome::failure("answer \"" + shown_bytes(data.substr(0, 40)) + "\" differs"));
  }

  Outcome on_timeout() override {
    if (check_.require_reply) return Talk::on_timeout();
    note("no answer, and none is required");
    return Outcome::success();
  }

  const config::UdpCheck check_;
};

}  // namespace

std::unique_ptr<Attempt> make_udp(const AttemptParts& parts, Attempt::Done done) {
  return std::make_unique<UdpAttempt>(parts, std::move(done));
}

}  // namespace lbd::health
