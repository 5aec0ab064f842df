// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/address.h"
#include "control/kernel/netlink_mirror.h"
#include "control/kernel/tap.h"

// Tests against the real kernel, each in a network namespace of its own.
namespace lbd::test {

inline IpAddress ip(const char* text) {
  return IpAddress::parse(text).value();
}
inline Prefix prefix(const char* text) {
  return Prefix::parse(text, true).value();
}
inline MacAddress mac(const char* text) {
  return MacAddress::parse(text).value();
}

/// Moves the calling thread into a fresh network namespace; skips the test where it may not.
class NamespaceTest : public testing::Test {
 protected:
  void SetUp() override;
};

/// What a command prints; fails the test where it exits with anything but 0.
std::string run(const std::string& command);

/// Two TAPs, tap0 and tap1, with 10.0.0.1/24, 2001:db8::1/64 and 10.0.1.1/24, and a mirror of them.
class MirrorTest : public NamespaceTest {
 protected:
  static constexpr PortIndex kTap0 = 0;
  static constexpr PortIndex kTap1 = 1;

  void SetUp() override;
  void TearDown() override;
  void start_mirror();

  /// Runs the mirror until `condition` holds; false after `limit`.
  bool await(const std::function<bool()>& condition,
             std::chrono::milliseconds limit = std::chrono::seconds(5));
  NextHop hop(NextHopId id) const { return next_hops_->get(id); }
  RouteAnswer find(const char* destination, uint32_t hash = 0) const {
    return find_route(*routing_, ip(destination), hash);
  }
  /// Plays all neighbours of a TAP: answers each ARP request for `address` that waits there.
  void answer_arp(const Tap& tap, const IpAddress& address, const MacAddress& as);

  std::vector<Tap> taps_;
  std::unique_ptr<Routing> routing_;
  std::unique_ptr<NextHopTable> next_hops_;
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<NetlinkMirror> mirror_;
};

}  // namespace lbd::test
