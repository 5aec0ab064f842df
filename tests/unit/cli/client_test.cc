// SPDX-License-Identifier: Apache-2.0
#include "cli/client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace lbd::cli {
namespace {

/// Answers one connection after the other, each with the next of some replies, then closes it.
class FakeLbd {
 public:
  explicit FakeLbd(std::vector<std::string> replies) : replies_(std::move(replies)) {
    char name[] = "/tmp/lbd-client-XXXXXX";
    directory_ = ::mkdtemp(name);
    fd_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof(address.sun_path) - 1);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd_, 8), 0);
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeLbd() {
    thread_.join();
    ::close(fd_);
    std::filesystem::remove_all(directory_);
  }
  FakeLbd(const FakeLbd&) = delete;
  FakeLbd& operator=(const FakeLbd&) = delete;
  std::string path() const { return directory_ + "/lbd.sock"; }

 private:
  void serve() {
    for (const std::string& reply : replies_) {
      const int client = ::accept(fd_, nullptr, nullptr);
      char c = 0;
      while (::recv(client, &c, 1, 0) == 1 && c != '\n') {
      }
      EXPECT_EQ(::send(client, reply.data(), reply.size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(reply.size()));
      ::close(client);
    }
  }
  std::vector<std::string> replies_;
  std::string directory_;
  int fd_ = -1;
  std::thread thread_;
};

TEST(Client, ReturnsTheResult) {
  FakeLbd lbd({"{\"ok\":true,\"result\":{\"a\":1}}\n"});
  const auto answer = Client(lbd.path()).ask("status", Json::object());
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer.value()["a"], 1);
}

TEST(Client, ReturnsWhatLbdObjectsTo) {
  FakeLbd lbd({"{\"ok\":false,\"error\":\"no service\"}\n"});
  EXPECT_EQ(Client(lbd.path()).ask("services", Json::object()).error().message, "no service");
}

TEST(Client, AsksABusyLbdAgain) {
  FakeLbd lbd({"{\"ok\":false,\"error\":\"too many\",\"busy\":true}\n",
               "{\"ok\":true,\"result\":{\"a\":2}}\n"});
  const auto answer = Client(lbd.path()).ask("status", Json::object());
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer.value()["a"], 2);
}

TEST(Client, SaysWhatIsWrongWithTheOtherSide) {
  for (const char* reply : {"", "hello\n", "{\"no\":1}\n", "{\"ok\":true"}) {
    FakeLbd lbd({reply});
    const auto answer = Client(lbd.path()).ask("status", Json::object());
    ASSERT_FALSE(answer.ok()) << reply;
    EXPECT_EQ(answer.error().message.rfind(lbd.path(), 0), 0u);
  }
}

TEST(Client, NobodyThere) {
  const auto answer = Client("/tmp/lbd-nobody.sock").ask("status", Json::object());
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().message, "/tmp/lbd-nobody.sock: no lbd answers there; is it running?");
}

TEST(Client, APathThatIsTooLong) {
  EXPECT_FALSE(Client(std::string(200, 'x')).ask("status", Json::object()).ok());
}

}  // namespace
}  // namespace lbd::cli
