// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/command_line.h"

namespace lbd::cli {

/// Talks to lbd over its Unix socket. One connection for all requests.
class Client {
 public:
  explicit Client(std::string path) : path_(std::move(path)) {}
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// The reply's result, or the reason why there is none. A busy lbd is asked again for a while.
  Result<Json> ask(const std::string& verb, const Json& arguments);
  /// Asks for the events of a topic. From then on this client is for next_event() alone.
  Status follow(const std::string& topic);
  /// Waits for the next one, however long that takes.
  Result<Json> next_event();

 private:
  Status connect();
  void disconnect();
  Result<Json> exchange(const std::string& request);
  Status send_all(const std::string& text);
  Result<std::string> receive_line();

  std::string path_;
  std::string buffer_;
  int fd_ = -1;
};

}  // namespace lbd::cli
