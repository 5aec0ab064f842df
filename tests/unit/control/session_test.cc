// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "control/api/listener.h"

namespace lbd::api {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

/// A client that speaks for itself, with a patience of 10 s.
class RawClient {
 public:
  explicit RawClient(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    const timeval patience{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }
  ~RawClient() { ::close(fd_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return connected_; }
  /// False where lbd has closed before all was sent.
  bool send(const std::string& text) {
    size_t sent = 0;
    while (sent < text.size()) {
      const ssize_t n = ::send(fd_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return false;
      sent += static_cast<size_t>(n);
    }
    return true;
  }
  /// One line; "" where the connection was closed before one came.
  std::string line() {
    std::string text;
    char c = 0;
    while (::recv(fd_, &c, 1, 0) == 1) {
      if (c == '\n') return text;
      text += c;
    }
    return "";
  }
  bool closed() {
    char c = 0;
    const ssize_t n = ::recv(fd_, &c, 1, 0);
    return n == 0 || (n < 0 && errno != EAGAIN);
  }

 private:
  int fd_;
  bool connected_;
};

class SessionTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/lbd-session-XXXXXX";
    directory_ = ::mkdtemp(name);
    path_ = directory_ + "/deep/lbd.sock";
  }
  void TearDown() override {
    stop();
    fs::remove_all(directory_);
  }
  void serve(SessionLimits limits = {}) {
    auto listener = Listener::claim(io_, path_);
    ASSERT_TRUE(listener.ok()) << listener.error().message;
    listener_ = std::move(listener).value();
    listener_->serve([this](const std::string& verb, const Json& arguments,
                            const Respond& respond) { handle(verb, arguments, respond); },
                     events_, limits);
    thread_ = std::thread([this] { io_.run(); });
  }
  void stop() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
    listener_.reset();
  }
  static void handle(const std::string& verb, const Json& arguments, const Respond& respond) {
    if (verb == "echo") return respond(arguments);
    if (verb == "big") return respond(Json{{"text", std::string(4'000'000, 'x')}});
    if (verb == "typed") return respond(Json{{"n", arguments.at("n").get<int>()}});
    respond(Error{"no verb"});
  }

  EventHub events_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};
  std::string directory_;
  std::string path_;
  std::unique_ptr<Listener> listener_;
  std::thread thread_;
};

const std::string kEcho = "{\"verb\":\"echo\",\"arguments\":{\"a\":1}}\n";
const std::string kEchoed = R"({"ok":true,"result":{"a":1}})";

TEST_F(SessionTest, AnswersRequestsInTheirOrder) {
  serve();
  RawClient client(path_);
  ASSERT_TRUE(client.send(kEcho + "{\"verb\":\"other\"}\n" + kEcho));
  EXPECT_EQ(client.line(), kEchoed);
  EXPECT_EQ(client.line(), R"({"ok":false,"error":"no verb"})");
  EXPECT_EQ(client.line(), kEchoed);
}

TEST_F(SessionTest, TakesARequestInPieces) {
  serve();
  RawClient client(path_);
  for (const char c : kEcho) ASSERT_TRUE(client.send(std::string(1, c)));
  EXPECT_EQ(client.line(), kEchoed);
}

TEST_F(SessionTest, RefusesWhatIsNoRequest) {
  serve();
  const std::vector<std::string> wrong{"\n",
                                       "{\n",
                                       "[]\n",
                                       "7\n",
                                       "null\n",
                                       "{}\n",
                                       "{\"verb\":7}\n",
                                       "{\"verb\":\"echo\",\"arguments\":[]}\n",
                                       "GET / HTTP/1.1\r\n",
                                       std::string(100, '\0') + "\n",
                                       "\xff\xfe\xfd\n",
                                       std::string(60'000, '[') + "\n"};
  for (const std::string& text : wrong) {
    RawClient client(path_);
    ASSERT_TRUE(client.send(text));
    EXPECT_EQ(client.line().rfind(R"({"ok":false,"error":)", 0), 0u) << text.substr(0, 40);
    EXPECT_TRUE(client.closed());
  }
  RawClient client(path_);
  client.send(kEcho);
  EXPECT_EQ(client.line(), kEchoed);
}

TEST_F(SessionTest, RefusesAnArgumentOfAnotherType) {
  serve();
  RawClient client(path_);
  client.send("{\"verb\":\"typed\",\"arguments\":{\"n\":\"many\"}}\n");
  EXPECT_NE(client.line().find("bad arguments"), std::string::npos);
}

TEST_F(SessionTest, RefusesALineThatIsTooLong) {
  serve();
  RawClient client(path_);
  client.send("{\"verb\":\"" + std::string(3'000'000, 'x'));
  EXPECT_NE(client.line().find("64 KiB"), std::string::npos);
}

TEST_F(SessionTest, MendsTextThatIsNoUtf8) {
  serve();
  RawClient client(path_);
  client.send("{\"verb\":\"echo\",\"arguments\":{\"a\":\"\xc3\x28\"}}\n");
  EXPECT_NE(client.line(), "");
}

TEST_F(SessionTest, ClosesSilentClients) {
  serve({milliseconds(50), milliseconds(50)});
  RawClient silent(path_);
  RawClient half(path_);
  half.send("{\"verb\":\"ec");
  EXPECT_TRUE(silent.closed());
  EXPECT_TRUE(half.closed());
}

TEST_F(SessionTest, ClosesClientsThatDoNotRead) {
  serve({milliseconds(10'000), milliseconds(50)});
  RawClient lazy(path_);
  lazy.send("{\"verb\":\"big\"}\n");
  RawClient other(path_);
  other.send(kEcho);
  EXPECT_EQ(other.line(), kEchoed);
  // The reply is cut off where its time was over.
  std::this_thread::yield();
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (lazy.send(kEcho) && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
  EXPECT_LT(std::chrono::steady_clock::now(), give_up);
}

TEST_F(SessionTest, TurnsAwayOneClientTooMany) {
  serve();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (size_t n = 0; n < kMaxSessions; ++n) {
    clients.push_back(std::make_unique<RawClient>(path_));
    ASSERT_TRUE(clients.back()->connected());
  }
  clients.front()->send(kEcho);
  EXPECT_EQ(clients.front()->line(), kEchoed);
  RawClient late(path_);
  EXPECT_EQ(late.line().rfind(R"({"ok":false,"error":"too many clients)", 0), 0u);
  EXPECT_TRUE(late.closed());

  clients.back().reset();
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  std::string answer;
  while (answer != kEchoed && std::chrono::steady_clock::now() < give_up) {
    RawClient next(path_);
    next.send(kEcho);
    answer = next.line();
  }
  EXPECT_EQ(answer, kEchoed);
}

const std::string kFollow = "{\"verb\":\"follow\",\"arguments\":{\"topics\":[\"health\"]}}\n";

TEST_F(SessionTest, AFollowerGetsEventsAndOutlivesTheIdleLimit) {
  serve({milliseconds(50), milliseconds(10'000)});
  RawClient client(path_);
  ASSERT_TRUE(client.send(kFollow));
  EXPECT_EQ(client.line(), R"({"ok":true,"result":{"following":["health"]}})");
  RawClient idle(path_);
  EXPECT_TRUE(idle.closed());  // by then the follower has been idle for as long
  for (int n = 0; n < 3; ++n)
    boost::asio::post(io_, [this, n] { events_.publish(kHealthTopic, {{"n", n}}); });
  for (int n = 0; n < 3; ++n) {
    const Json event = Json::parse(client.line());
    EXPECT_EQ(event["event"], "health");
    EXPECT_EQ(event["n"], n);
    EXPECT_EQ(event["at"].get<std::string>().size(),
              std::string("2026-01-31T12:00:00.123Z").size());
  }
}

TEST_F(SessionTest, AFollowerThatDoesNotReadIsClosed) {
  serve();
  RawClient client(path_);
  ASSERT_TRUE(client.send(kFollow));
  EXPECT_NE(client.line(), "");
  std::promise<bool> followed;
  boost::asio::post(io_, [&] {
    for (int n = 0; n < 100; ++n)
      events_.publish(kHealthTopic, {{"text", std::string(100'000, 'x')}});
    followed.set_value(events_.is_followed(kHealthTopic));
  });
  EXPECT_FALSE(followed.get_future().get());
  while (!client.line().empty()) {
  }
  EXPECT_TRUE(client.closed());
}

TEST_F(SessionTest, AFollowerThatGoesIsForgotten) {
  serve();
  auto client = std::make_unique<RawClient>(path_);
  ASSERT_TRUE(client->send(kFollow));
  EXPECT_NE(client->line(), "");
  client.reset();
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  bool followed = true;
  while (followed && std::chrono::steady_clock::now() < give_up) {
    std::promise<bool> answer;
    boost::asio::post(io_, [&] { answer.set_value(events_.is_followed(kHealthTopic)); });
    followed = answer.get_future().get();
  }
  EXPECT_FALSE(followed);
}

TEST_F(SessionTest, RefusesATopicThatThereIsNot) {
  serve();
  RawClient client(path_);
  client.send("{\"verb\":\"follow\",\"arguments\":{\"topics\":[\"wind\"]}}\n");
  EXPECT_EQ(client.line(), R"({"ok":false,"error":"follow: no topic \"wind\""})");
  EXPECT_TRUE(client.closed());
  RawClient other(path_);
  other.send("{\"verb\":\"follow\"}\n");
  EXPECT_NE(other.line().find("no list of topics"), std::string::npos);
}

TEST_F(SessionTest, SocketIsForOwnerAndGroup) {
  serve();
  struct stat info {};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0660u);
  stop();
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(SessionTest, ALiveSocketIsNotTakenOver) {
  serve();
  boost::asio::io_context io;
  const auto second = Listener::claim(io, path_);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().message.find("another lbd runs"), std::string::npos);
  EXPECT_TRUE(fs::exists(path_));
}

TEST_F(SessionTest, ADeadSocketIsTakenOver) {
  fs::create_directories(fs::path(path_).parent_path());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path_.c_str(), sizeof(address.sun_path) - 1);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::close(fd);  // as a kill -9 leaves it
  ASSERT_TRUE(fs::exists(path_));
  serve();
  RawClient client(path_);
  client.send(kEcho);
  EXPECT_EQ(client.line(), kEchoed);
}

TEST_F(SessionTest, AFileThatIsNoSocketStays) {
  fs::create_directories(path_);
  boost::asio::io_context io;
  const auto claimed = Listener::claim(io, path_);
  ASSERT_FALSE(claimed.ok());
  EXPECT_NE(claimed.error().message.find(path_), std::string::npos);
  EXPECT_TRUE(fs::exists(path_));
}

}  // namespace
}  // namespace lbd::api
