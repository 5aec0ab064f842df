// SPDX-License-Identifier: Apache-2.0
#include "control/health/talk.h"

namespace lbd::health {
namespace {

/// The handshake is enough.
class TcpAttempt : public Talk {
 public:
  TcpAttempt(const AttemptParts& parts, Done done)
      : Talk(parts, Channel::Kind::kTcp, std::move(done)) {}

 private:
  void opened() override { finish(Outcome::success()); }
};

}  // namespace

std::unique_ptr<Attempt> make_tcp(const AttemptParts& parts, Attempt::Done done) {
  return std::make_unique<TcpAttempt>(parts, std::move(done));
}

}  // namespace lbd::health
