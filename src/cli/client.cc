// SPDX-License-Identifier: Apache-2.0
#include "cli/client.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

namespace lbd::cli {
namespace {

/// A reload of a very large file is the slowest thing to wait for.
constexpr timeval kPatience{60, 0};
constexpr auto kRetry = std::chrono::milliseconds(50);
constexpr auto kRetryFor = std::chrono::seconds(10);

Error system_error(const std::string& path, int number) {
  if (number == ENOENT || number == ECONNREFUSED)
    return Error{path + ": no lbd answers there; is it running?"};
  if (number == EACCES || number == EPERM)
    return Error{path + ": permission denied; run lbctl as root or as a member of its group"};
  if (number == EAGAIN || number == EWOULDBLOCK)
    return Error{path + ": lbd does not answer in time"};
  return Error{path + ": " + std::strerror(number)};
}

}  // namespace

Client::~Client() {
  disconnect();
}

void Client::disconnect() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  buffer_.clear();
}

Status Client::connect() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof(address.sun_path))
    return Error{path_ + ": too long for the path of a socket"};
  std::memcpy(address.sun_path, path_.c_str(), path_.size() + 1);
  fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return system_error(path_, errno);
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return Done{};
  const int number = errno;
  disconnect();
  return system_error(path_, number);
}

Status Client::send_all(const std::string& text) {
  size_t sent = 0;
  while (sent < text.size()) {
    const ssize_t n = ::send(fd_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    // lbd has closed already, after a word that says why: that is read next.
    if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) return Done{};
    if (n < 0) return system_error(path_, errno);
    sent += static_cast<size_t>(n);
  }
  return Done{};
}

Result<std::string> Client::receive_line() {
  size_t searched = 0;
  while (true) {
    if (const size_t end = buffer_.find('\n', searched); end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return line;
    }
    searched = buffer_.size();
    char chunk[65536];
    const ssize_t n = ::recv(fd_, chunk, sizeof chunk, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(path_, errno);
    if (n == 0) return Error{path_ + ": lbd closed the connection; did it stop?"};
    buffer_.append(chunk, static_cast<size_t>(n));
  }
}

Result<Json> Client::exchange(const std::string& request) {
  if (fd_ < 0)
    if (const Status connected = connect(); !connected) return connected.error();
  if (const Status sent = send_all(request); !sent) return sent.error();
  const auto line = receive_line();
  if (!line) return line.error();
  Json reply = Json::parse(line.value(), nullptr, false);
  if (!reply.is_object() || !reply.contains("ok"))
    return Error{path_ + ": what answers there is no lbd"};
  return reply;
}

Result<Json> Client::ask(const std::string& verb, const Json& arguments) {
  const Json request{{"verb", verb}, {"arguments", arguments}};
  const std::string line = request.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  const auto give_up = std::chrono::steady_clock::now() + kRetryFor;
  while (true) {
    auto reply = exchange(line);
    if (!reply) {
      disconnect();
      return reply.error();
    }
    if (reply->value("ok", false)) return (*reply)["result"];
    const bool busy = reply->value("busy", false);
    if (!busy || std::chrono::steady_clock::now() >= give_up)
      return Error{reply->value("error", "lbd said no, but not why")};
    disconnect();
    std::this_thread::sleep_for(kRetry);
  }
}

Status Client::follow(const std::string& topic) {
  const auto answer = ask("follow", {{"topics", Json::array({topic})}});
  if (!answer) return answer.error();
  constexpr timeval kForEver{0, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &kForEver, sizeof kForEver);
  return Done{};
}

Result<Json> Client::next_event() {
  const auto line = receive_line();
  if (!line) return line.error();
  Json event = Json::parse(line.value(), nullptr, false);
  if (!event.is_object()) return Error{path_ + ": what answers there is no lbd"};
  return event;
}

}  // namespace lbd::cli
