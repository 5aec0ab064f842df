// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "common/address.h"
#include "common/result.h"

namespace lbd {

struct TapOptions {
  std::string name;  // the port's; at most 15 bytes
  MacAddress mac;    // the port's
  uint16_t mtu = 1500;
  bool link_up = false;  // carrier at first
};

/// The twin of a port in the kernel (of the network namespace of the calling thread): a TAP that is
/// up, has the port's MAC and MTU, and the settings that an address shared by director and real
/// servers needs. It is not persistent: it vanishes with its file descriptor, also when the process
/// is killed, and takes its addresses and routes with it.
class Tap {
 public:
  /// Errors (all of them a missing resource, exit code 3): not root, no /dev/net/tun, an interface
  /// of that name is there already.
  static Result<Tap> create(const TapOptions& options);
  ~Tap();
  Tap(Tap&& other) noexcept;
  Tap& operator=(Tap&& other) noexcept;
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;

  /// Non-blocking; one read or write is one Ethernet frame without FCS.
  int fd() const { return fd_; }
  int ifindex() const { return ifindex_; }
  const std::string& name() const { return name_; }
  /// Mirrors the port's link: false makes the kernel see NO-CARRIER. Control thread.
  Status set_carrier(bool up);

 private:
  Tap(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  int fd_ = -1;
  int ifindex_ = 0;
  std::string name_;
};

}  // namespace lbd
