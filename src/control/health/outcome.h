// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/config/health_model.h"

// What every checker is given and gives back.
namespace boost::asio {
class io_context;
}
namespace lbd {
class CommandRunner;
}

namespace lbd::health {

class TlsContext;

/// What one run of a check found.
struct Outcome {
  enum class Kind : uint8_t {
    kSuccess,
    kFailure,
    kNotRun,  // lbd itself had no socket, process or the like: says nothing of the server
  };
  Kind kind = Kind::kSuccess;
  std::string reason;              // of a failure: "connect: connection refused", "status 503"
  std::optional<uint32_t> weight;  // exec with dynamic_weight

  static Outcome success() { return {}; }
  static Outcome failure(std::string reason) { return {Kind::kFailure, std::move(reason), {}}; }
  static Outcome not_run(std::string reason) { return {Kind::kNotRun, std::move(reason), {}}; }
};

/// Whom to check, and how: a check of the file with the gaps filled in.
struct Target {
  config::HealthCheck check;
  IpAddress address;
  uint16_t port = 0;
  /// For the environment of exec checks, and the service for run: vip_held; empty for all others,
  /// so that several services share one.
  std::string service;
  std::string server;
  /// "http 192.0.2.31:80 /index.html": for people.
  std::string title() const;
  /// The same for the same check of the same target, and only for it.
  std::string key() const;
};

/// Lines of what was sent and received, for lbctl probe. Null where nobody asked.
using Trace = std::vector<std::string>;

struct AttemptParts {
  boost::asio::io_context& io;
  CommandRunner& commands;
  const Target& target;
  std::shared_ptr<TlsContext> tls;  // of https checks
  Trace* trace = nullptr;
};

/// One run of a check. It ends by calling `done` once (never from within start()), or when it is
/// destroyed: then `done` is not called.
class Attempt {
 public:
  using Done = std::function<void(Outcome)>;
  virtual ~Attempt() = default;
  virtual void start() = 0;
  /// The time is over: what that means. The attempt is destroyed after it.
  virtual Outcome on_timeout() { return Outcome::failure("timeout " + phase()); }

 protected:
  /// What it is at, for the reason of a timeout: "while connecting".
  virtual std::string phase() const = 0;
};

std::unique_ptr<Attempt> make_attempt(const AttemptParts& parts, Attempt::Done done);

// One checker a file.
std::unique_ptr<Attempt> make_tcp(const AttemptParts& parts, Attempt::Done done);
std::unique_ptr<Attempt> make_http(const AttemptParts& parts, Attempt::Done done);
std::unique_ptr<Attempt> make_smtp(const AttemptParts& parts, Attempt::Done done);
std::unique_ptr<Attempt> make_dns(const AttemptParts& parts, Attempt::Done done);
std::unique_ptr<Attempt> make_udp(const AttemptParts& parts, Attempt::Done done);
std::unique_ptr<Attempt> make_ping(const AttemptParts& parts, Attempt::Done done);
std::unique_ptr<Attempt> make_exec(const AttemptParts& parts, Attempt::Done done);

}  // namespace lbd::health
