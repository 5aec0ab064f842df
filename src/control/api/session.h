// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/streambuf.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "control/api/events.h"
#include "control/api/protocol.h"

namespace lbd::api {

/// Events that a client has not taken yet, in bytes.
inline constexpr size_t kMostUnsent = 1u << 20;

struct SessionLimits {
  /// A client that has a request to finish, or to begin, has so long.
  std::chrono::milliseconds idle{10'000};
  /// Until a reply must have been taken.
  std::chrono::milliseconds write{30'000};
};

/// One client. It reads a request, has it answered, writes the reply, and reads the next one: a
/// client costs one buffer of kMaxRequest bytes and one reply, whatever it does. It lives until the
/// client goes, breaks the protocol or a limit, or close() is called; then `closed` is called once.
/// A client that follows events ("follow") asks nothing more; it gets lines until it goes, or until
/// kMostUnsent bytes wait for it.
class Session : public std::enable_shared_from_this<Session> {
 public:
  using Socket = boost::asio::local::stream_protocol::socket;

  Session(Socket socket, const Handler& handler, EventHub& events, SessionLimits limits,
          std::function<void(Session*)> closed);
  void start() { read(); }
  /// Says that there are too many clients, and closes.
  void turn_away();
  void close();

 private:
  void read();
  void on_line(size_t length);
  void answer(const Json& reply, bool last);
  void arm(std::chrono::milliseconds limit);
  void answer_follow(const Json& arguments);
  Result<Json> follow(const Json& arguments);
  void send_event(const std::string& line);
  void write_events();
  void wait_for_end();

  Socket socket_;
  boost::asio::steady_timer deadline_;
  boost::asio::streambuf input_{kMaxRequest};
  std::string output_;
  const Handler& handler_;
  EventHub& events_;
  uint64_t following_ = 0;  // 0: it does not
  std::string unsent_;      // events behind output_
  SessionLimits limits_;
  std::function<void(Session*)> closed_;
};

}  // namespace lbd::api
