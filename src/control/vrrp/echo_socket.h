// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "common/address.h"
#include "common/result.h"

namespace lbd {

/// Asks one address for an ICMP echo (RFC 792, RFC 4443 4.1) and hears the answers. Never waits.
class EchoSocket {
 public:
  /// Needs CAP_NET_RAW.
  static Result<std::unique_ptr<EchoSocket>> open(const IpAddress& target);
  ~EchoSocket();
  EchoSocket(const EchoSocket&) = delete;
  EchoSocket& operator=(const EchoSocket&) = delete;

  /// False where the kernel did not send it: no route, no neighbour.
  bool ask();
  /// Whether an answer to any question of this socket's has come since it was asked last.
  bool answered();

 private:
  EchoSocket(int fd, const IpAddress& target);
  bool is_answer(const uint8_t* message, size_t length) const;

  int fd_;
  IpAddress target_;
  uint16_t sequence_ = 0;
  /// Identifier (2 bytes) and data: no other ping's answer has the same.
  std::array<uint8_t, 10> token_{};
};

}  // namespace lbd
