// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace lbd::rss_nic {

/// The card's socket: whole frames from and to a kernel interface. It never blocks.
class Wire {
 public:
  /// Check ok(); errno says why it is not.
  explicit Wire(const char* interface);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  bool ok() const { return socket_ >= 0; }
  /// Bytes of the frame that was received into `room`; 0: none was there.
  unsigned receive(std::span<uint8_t> room) const;
  /// A frame that the kernel has no room for is lost, as on a wire.
  void send(std::span<const uint8_t> frame) const;

 private:
  int socket_ = -1;
};

}  // namespace lbd::rss_nic
