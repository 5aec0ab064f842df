// SPDX-License-Identifier: Apache-2.0
#include "control/api/listener.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

namespace lbd::api {
namespace {

using Protocol = boost::asio::local::stream_protocol;

Error failed(const std::string& path, const std::string& what) {
  return Error{"lbd.socket: " + path + ": " + what};
}

/// Removes a socket that nobody listens on; an error where somebody does, or where it is no socket.
Status clear_left_over(boost::asio::io_context& io, const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return Done{};
  if (!S_ISSOCK(info.st_mode))
    return failed(path, "is there already and is no socket; remove it or name another path");
  boost::system::error_code error;
  Protocol::socket probe(io);
  probe.connect(Protocol::endpoint(path), error);
  if (!error)
    return failed(path, "another lbd runs and answers there; stop it or name another path");
  if (error != boost::asio::error::connection_refused)
    return failed(path, "cannot tell whether another lbd runs: " + error.message());
  ::unlink(path.c_str());
  return Done{};
}

Status make_directory(const std::string& path) {
  const std::filesystem::path directory = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!directory.empty()) std::filesystem::create_directories(directory, error);
  if (error) return failed(path, "cannot make its directory: " + error.message());
  return Done{};
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::claim(boost::asio::io_context& io,
                                                  const std::string& path) {
  constexpr size_t kLongestPath = sizeof(sockaddr_un::sun_path) - 1;
  if (path.size() > kLongestPath)
    return failed(path, "a socket's path has at most " + std::to_string(kLongestPath) + " bytes");
  if (const Status made = make_directory(path); !made) return made.error();
  if (const Status cleared = clear_left_over(io, path); !cleared) return cleared.error();
  Protocol::acceptor acceptor(io);
  boost::system::error_code error;
  acceptor.open(Protocol(), error);
  if (error) return failed(path, error.message());
  // The mode is right from the first moment on: nobody slips in between bind and chmod.
  const mode_t mask = ::umask(0117);
  acceptor.bind(Protocol::endpoint(path), error);
  ::umask(mask);
  if (!error) acceptor.listen(static_cast<int>(kMaxSessions), error);
  if (error) return failed(path, error.message());
  return std::unique_ptr<Listener>(new Listener(std::move(acceptor), path));
}

Listener::Listener(Protocol::acceptor acceptor, std::string path)
    : acceptor_(std::move(acceptor)), pause_(acceptor_.get_executor()), path_(std::move(path)) {}

Listener::~Listener() {
  const auto sessions = std::move(sessions_);
  sessions_.clear();
  for (const auto& [key, session] : sessions) session->close();
  ::unlink(path_.c_str());
}

void Listener::serve(Handler handler, EventHub& events, SessionLimits limits) {
  handler_ = std::move(handler);
  events_ = &events;
  limits_ = limits;
  accept();
}

void Listener::accept() {
  acceptor_.async_accept([this](const boost::system::error_code& error, Protocol::socket socket) {
    if (error == boost::asio::error::operation_aborted) return;
    if (!error) {
      on_client(std::move(socket));
      return accept();
    }
    // No file descriptor is free, most likely: the next attempt waits, so that it does not spin.
    pause_.expires_after(std::chrono::milliseconds(100));
    pause_.async_wait([this](const boost::system::error_code& aborted) {
      if (!aborted) accept();
    });
  });
}

void Listener::on_client(Protocol::socket socket) {
  auto session = std::make_shared<Session>(std::move(socket), handler_, *events_, limits_,
                                           [this](Session* closed) { sessions_.erase(closed); });
  const bool full = sessions_.size() >= kMaxSessions;
  // A refused client is held only until it has taken its one line, or not, within a short time.
  if (sessions_.size() >= 2 * kMaxSessions) return session->close();
  sessions_.emplace(session.get(), session);
  full ? session->turn_away() : session->start();
}

}  // namespace lbd::api
