// SPDX-License-Identifier: Apache-2.0
#include "kernel_lab.h"

#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace lbd::test {

void NamespaceTest::SetUp() {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root for a network namespace";
  if (::unshare(CLONE_NEWNET) != 0)
    GTEST_SKIP() << "no network namespace: " << std::strerror(errno);
  run("ip link set lo up");
}

std::string run(const std::string& command) {
  std::string output;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) {
    ADD_FAILURE() << "cannot run " << command;
    return output;
  }
  std::array<char, 4096> buffer;
  while (const size_t length = ::fread(buffer.data(), 1, buffer.size(), pipe)) {
    output.append(buffer.data(), length);
  }
  EXPECT_EQ(::pclose(pipe), 0) << command << ": " << output;
  return output;
}

void MirrorTest::SetUp() {
  NamespaceTest::SetUp();
  if (IsSkipped()) return;
  for (const char* name : {"tap0", "tap1"}) {
    MacAddress address = mac("02:00:00:00:00:a0");
    address.bytes[5] = static_cast<uint8_t>(address.bytes[5] + taps_.size());
    auto tap = Tap::create({name, address, 1500, true});
    ASSERT_TRUE(tap) << tap.error().message;
    taps_.push_back(std::move(tap.value()));
  }
  run("ip addr add 10.0.0.1/24 dev tap0");
  run("ip addr add 2001:db8::1/64 dev tap0 nodad");
  run("ip addr add 10.0.1.1/24 dev tap1");
  routing_ = std::make_unique<Routing>();
  next_hops_ = std::make_unique<NextHopTable>();
  publisher_ = std::make_unique<Publisher>(1);
}

void MirrorTest::TearDown() {
  mirror_.reset();
  if (publisher_) publisher_->collect();
  taps_.clear();
}

void MirrorTest::start_mirror() {
  mirror_ = std::make_unique<NetlinkMirror>(*routing_, *next_hops_, *publisher_);
  const Status started = mirror_->start({taps_[0].ifindex(), taps_[1].ifindex()});
  ASSERT_TRUE(started) << started.error().message;
}

bool MirrorTest::await(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    pollfd events{mirror_->fd(), POLLIN, 0};
    ::poll(&events, 1, 5);
    if (events.revents != 0) mirror_->on_readable();
    mirror_->tick();
    publisher_->collect();
  }
  return true;
}

void MirrorTest::answer_arp(const Tap& tap, const IpAddress& address, const MacAddress& as) {
  std::array<uint8_t, 2048> frame;
  ssize_t length = 0;
  while ((length = ::read(tap.fd(), frame.data(), frame.size())) > 0) {
    const bool is_request =
        length >= 42 && frame[12] == 0x08 && frame[13] == 0x06 && frame[21] == 1;
    if (!is_request || std::memcmp(&frame[38], address.data(), 4) != 0) continue;
    std::array<uint8_t, 42> reply;
    std::memcpy(reply.data(), frame.data(), reply.size());
    std::memcpy(&reply[0], &frame[22], 6);  // to who asked
    std::memcpy(&reply[6], as.bytes.data(), 6);
    reply[21] = 2;  // reply
    std::memcpy(&reply[22], as.bytes.data(), 6);
    std::memcpy(&reply[28], &frame[38], 4);
    std::memcpy(&reply[32], &frame[22], 10);  // target: who asked
    ASSERT_EQ(::write(tap.fd(), reply.data(), reply.size()), static_cast<ssize_t>(reply.size()));
  }
}

}  // namespace lbd::test
