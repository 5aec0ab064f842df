// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <unordered_map>

#include "common/result.h"
#include "control/api/session.h"

namespace lbd::api {

/// The socket that lbctl connects to. Claimed early, so that a second lbd is told at once; answers
/// once it serves.
class Listener {
 public:
  /// Binds to `path` (mode 0660; missing directories are made). What a killed run left there is
  /// taken over; a socket that somebody listens on is an error.
  static Result<std::unique_ptr<Listener>> claim(boost::asio::io_context& io,
                                                 const std::string& path);
  /// Closes all sessions and removes the socket's file.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// `events` must outlive this.
  void serve(Handler handler, EventHub& events, SessionLimits limits = {});
  size_t sessions() const { return sessions_.size(); }

 private:
  using Protocol = boost::asio::local::stream_protocol;
  Listener(Protocol::acceptor acceptor, std::string path);
  void accept();
  void on_client(Protocol::socket socket);

  Protocol::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  std::string path_;
  Handler handler_;
  EventHub* events_ = nullptr;  // set before the first client
  SessionLimits limits_;
  std::unordered_map<Session*, std::shared_ptr<Session>> sessions_;
};

}  // namespace lbd::api
