// SPDX-License-Identifier: Apache-2.0
#include "control/api/session.h"

#include <algorithm>
#include <boost/asio/buffers_iterator.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace lbd::api {
namespace {

struct Request {
  std::string verb;
  Json arguments = Json::object();
};

Result<Request> parse_request(const std::string& line) {
  Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return Error{"the request is no JSON object; send one object a line"};
  Request request;
  const auto verb = json.find("verb");
  if (verb == json.end() || !verb->is_string())
    return Error{"the request has no \"verb\" that is a text"};
  request.verb = verb->get<std::string>();
  if (const auto arguments = json.find("arguments"); arguments != json.end()) {
    if (!arguments->is_object()) return Error{"\"arguments\" is no JSON object"};
    request.arguments = std::move(*arguments);
  }
  return request;
}

}  // namespace

Session::Session(Socket socket, const Handler& handler, EventHub& events, SessionLimits limits,
                 std::function<void(Session*)> closed)
    : socket_(std::move(socket)),
      deadline_(socket_.get_executor()),
      handler_(handler),
      events_(events),
      limits_(limits),
      closed_(std::move(closed)) {}

void Session::arm(std::chrono::milliseconds limit) {
  deadline_.expires_after(limit);
  deadline_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    if (error) return;
    if (const auto self = weak.lock()) self->close();
  });
}

void Session::read() {
  arm(limits_.idle);
  boost::asio::async_read_until(
      socket_, input_, '\n',
      [self = shared_from_this()](const boost::system::error_code& error, size_t length) {
        if (!self->socket_.is_open()) return;
        if (error == boost::asio::error::not_found)
          return self->answer(error_json("the request is longer than 64 KiB"), true);
        if (error) return self->close();
        self->on_line(length);
      });
}

void Session::on_line(size_t length) {
  const auto begin = boost::asio::buffers_begin(input_.data());
  const std::string line(begin, begin + static_cast<std::ptrdiff_t>(length));
  input_.consume(length);
  deadline_.cancel();
  const Result<Request> request = parse_request(line);
  // Who does not speak the protocol has lost its place in the stream: there is no next request.
  if (!request) return answer(error_json(request.error().message), true);
  if (request.value().verb == "follow") return answer_follow(request.value().arguments);
  const Respond respond = [self = shared_from_this()](Result<Json> result) {
    self->answer(reply_json(std::move(result)), false);
  };
  try {
    handler_(request.value().verb, request.value().arguments, respond);
  } catch (const Json::exception& error) {
    answer(error_json(std::string("bad arguments: ") + error.what()), true);
  }
}

void Session::turn_away() {
  Json reply =
      error_json("too many clients at once (" + std::to_string(kMaxSessions) + "); try again");
  reply[kBusy] = true;
  answer(reply, true);
}

void Session::answer(const Json& reply, bool last) {
  if (!socket_.is_open()) return;
  output_ = to_line(reply);
  arm(limits_.write);
  boost::asio::async_write(
      socket_, boost::asio::buffer(output_),
      [self = shared_from_this(), last](const boost::system::error_code& error, size_t) {
        if (!self->socket_.is_open()) return;
        if (error || last) return self->close();
        self->output_ = {};
        if (self->following_ == 0) return self->read();
        self->wait_for_end();
        self->write_events();
      });
}

void Session::answer_follow(const Json& arguments) {
  Result<Json> result = follow(arguments);
  const bool refused = !result;
  answer(reply_json(std::move(result)), refused);
}

Result<Json> Session::follow(const Json& arguments) {
  const auto topics = arguments.find("topics");
  if (topics == arguments.end() || !topics->is_array() || topics->empty())
    return Error{"follow: \"topics\" is no list of topics"};
  std::vector<std::string> wanted;
  for (const Json& topic : *topics) {
    const bool known =
        topic.is_string() && std::find(std::begin(kTopics), std::end(kTopics),
                                       topic.get<std::string>()) != std::end(kTopics);
    if (!known) return Error{"follow: no topic " + topic.dump()};
    wanted.push_back(topic.get<std::string>());
  }
  following_ = events_.follow(wanted, [weak = weak_from_this()](const std::string& line) {
    if (const auto self = weak.lock()) self->send_event(line);
  });
  return Json{{"following", wanted}};
}

void Session::send_event(const std::string& line) {
  if (!socket_.is_open()) return;
  if (unsent_.size() + line.size() > kMostUnsent) return close();
  unsent_ += line;
  if (output_.empty()) write_events();
}

void Session::write_events() {
  deadline_.cancel();  // there may be nothing to say for long
  if (unsent_.empty() || !socket_.is_open()) return;
  output_ = std::exchange(unsent_, {});
  arm(limits_.write);
  boost::asio::async_write(
      socket_, boost::asio::buffer(output_),
      [self = shared_from_this()](const boost::system::error_code& error, size_t) {
        if (!self->socket_.is_open()) return;
        if (error) return self->close();
        self->output_ = {};
        self->write_events();
      });
}

/// Whatever a following client sends, its end above all, ends the session.
void Session::wait_for_end() {
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](
                                            const boost::system::error_code&) { self->close(); });
}

void Session::close() {
  if (!socket_.is_open()) return;
  if (following_ != 0) events_.unfollow(following_);
  deadline_.cancel();
  boost::system::error_code ignored;
  socket_.shutdown(Socket::shutdown_both, ignored);
  socket_.close(ignored);
  closed_(this);
}

}  // namespace lbd::api
