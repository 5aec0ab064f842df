// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "control/health/channel.h"
#include "control/health/outcome.h"

namespace lbd::health {

/// What checkers that talk over a channel have in common: connecting, the trace, failures.
class Talk : public Attempt {
 public:
  Talk(const AttemptParts& parts, Channel::Kind kind, Done done);
  void start() override;

 protected:
  /// The channel is open.
  virtual void opened() = 0;
  /// A piece has come; empty: the server has ended the stream.
  virtual void received(std::string_view data);

  /// `shown`: for the trace, where it is not the bytes themselves.
  void send(std::string data, const std::string& shown = "");
  /// Calls received() later, or ends with the failure.
  void receive();
  /// To be returned from: this object may be gone after it.
  void finish(Outcome outcome);
  void note(const std::string& line);
  std::string phase() const override;
  const Target& target() const { return target_; }
  bool tracing() const { return trace_ != nullptr; }
  /// To be set before start().
  Channel::Options& options() { return options_; }
  /// What it waits for once it is open: "for the greeting".
  void waits(std::string what) { waits_ = std::move(what); }
  void close() { channel_.reset(); }

 private:
  boost::asio::io_context& io_;
  const Target& target_;
  Trace* trace_;
  Done done_;
  Channel::Options options_;
  std::unique_ptr<Channel> channel_;
  std::string waits_;
};

/// Bytes for people: control characters escaped, cut after 200.
std::string shown_bytes(std::string_view bytes);
/// The same in hexadecimal, for protocols that are no text.
std::string shown_hex(std::string_view bytes);

}  // namespace lbd::health
