// SPDX-License-Identifier: Apache-2.0
#include "wire.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

namespace lbd::rss_nic {
namespace {

constexpr int kBufferBytes = 8 << 20;

bool prepare(int made, const char* interface) {
  const int on = 1;
  sockaddr_ll where{};
  where.sll_family = AF_PACKET;
  where.sll_protocol = htons(ETH_P_ALL);
  where.sll_ifindex = static_cast<int>(if_nametoindex(interface));
  return where.sll_ifindex != 0 &&
         setsockopt(made, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) == 0 &&
         setsockopt(made, SOL_SOCKET, SO_RCVBUFFORCE, &kBufferBytes, sizeof kBufferBytes) == 0 &&
         bind(made, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0;
}

}  // namespace

Wire::Wire(const char* interface) {
  // Protocol 0: nothing of other interfaces comes before it is bound.
  socket_ = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_ >= 0 && !prepare(socket_, interface)) {
    close(socket_);
    socket_ = -1;
  }
}

Wire::~Wire() {
  if (socket_ >= 0) close(socket_);
}

unsigned Wire::receive(std::span<uint8_t> room) const {
  const ssize_t got = recv(socket_, room.data(), room.size(), 0);
  return got > 0 ? static_cast<unsigned>(got) : 0;
}

void Wire::send(std::span<const uint8_t> frame) const {
  [[maybe_unused]] const ssize_t sent = ::send(socket_, frame.data(), frame.size(), 0);
}

}  // namespace lbd::rss_nic
