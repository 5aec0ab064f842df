// SPDX-License-Identifier: Apache-2.0
#include "control/health/talk.h"

#include <algorithm>

namespace lbd::health {
namespace {

constexpr size_t kShown = 200;
constexpr char kDigits[] = "0123456789abcdef";

}  // namespace

std::string shown_bytes(std::string_view bytes) {
  std::string out;
  for (const char c : bytes.substr(0, kShown)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\r') {
      out += "\\r";
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    } else {
      out += c;
    }
  }
  if (bytes.size() > kShown) out += "... (" + std::to_string(bytes.size()) + " bytes)";
  return out;
}

std::string shown_hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes.substr(0, kShown)) {
    const auto byte = static_cast<unsigned char>(c);
    out += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  if (bytes.size() > kShown) out += "... (" + std::to_string(bytes.size()) + " bytes)";
  return out;
}

Talk::Talk(const AttemptParts& parts, Channel::Kind kind, Done done)
    : io_(parts.io), target_(parts.target), trace_(parts.trace), done_(std::move(done)) {
  options_.kind = kind;
  options_.server = {target_.address, target_.port};
  options_.source = target_.check.source;
  options_.tls = parts.tls;
}

void Talk::start() {
  const std::string place = options_.kind == Channel::Kind::kPing ? target_.address.to_string()
                                                                  : options_.server.to_string();
  note("to " + place);
  channel_ = Channel::make(io_, options_);
  waits_.clear();
  channel_->open([this](const MaybeFailure& failure) {
    if (failure)
      return finish(failure->ours ? Outcome::not_run(failure->reason)
                                  : Outcome::failure(failure->reason));
    note("connected");
    waits_ = "after connecting";
    opened();
  });
}

void Talk::send(std::string data, const std::string& shown) {
  if (tracing()) note("sent: " + (shown.empty() ? shown_bytes(data) : shown));
  channel_->send(std::move(data));
}

void Talk::receive() {
  channel_->receive([this](const MaybeFailure& failure, std::string_view data) {
    if (failure) return finish(Outcome::failure(failure->reason));
    received(data);
  });
}

void Talk::received(std::string_view) {
  finish(Outcome::success());
}

void Talk::finish(Outcome outcome) {
  const Done done = std::exchange(done_, nullptr);
  if (done) done(std::move(outcome));
}

void Talk::note(const std::string& line) {
  if (trace_ != nullptr) trace_->push_back(line);
}

std::string Talk::phase() const {
  return waits_.empty() && channel_ ? channel_->phase() : waits_;
}

}  // namespace lbd::health
