// SPDX-License-Identifier: Apache-2.0
#include "control/vrrp/echo_socket.h"

#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/checksum.h"
#include "common/wire.h"

namespace lbd {
namespace {

struct [[gnu::packed]] Echo {
  uint8_t type;
  uint8_t code;
  uint16_t checksum;
  std::array<uint8_t, 2> identifier;
  uint16_t sequence;
  std::array<uint8_t, 8> data;
};
static_assert(sizeof(Echo) == 16);

/// Lets nothing but answers in.
bool set_filter(int fd, bool v4) {
  if (v4) {
    const uint32_t but_answers = ~(1u << ICMP_ECHOREPLY);
    return ::setsockopt(fd, SOL_RAW, ICMP_FILTER, &but_answers, sizeof(but_answers)) == 0;
  }
  icmp6_filter filter;
  ICMP6_FILTER_SETBLOCKALL(&filter);
  ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
  return ::setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter)) == 0;
}

}  // namespace

Result<std::unique_ptr<EchoSocket>> EchoSocket::open(const IpAddress& target) {
  const bool v4 = target.is_v4();
  const int fd = ::socket(v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
                          v4 ? static_cast<int>(IPPROTO_ICMP) : static_cast<int>(IPPROTO_ICMPV6));
  if (fd < 0 || !set_filter(fd, v4)) {
    const Error error{"cannot open a socket for echo requests: " +
                      std::string(std::strerror(errno))};
    if (fd >= 0) ::close(fd);
    return error;
  }
  return std::unique_ptr<EchoSocket>(new EchoSocket(fd, target));
}

EchoSocket::EchoSocket(int fd, const IpAddress& target) : fd_(fd), target_(target) {
  [[maybe_unused]] const ssize_t got = ::getrandom(token_.data(), token_.size(), 0);
}

EchoSocket::~EchoSocket() {
  ::close(fd_);
}

bool EchoSocket::ask() {
  const bool v4 = target_.is_v4();
  Echo echo{};
  echo.type = v4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
  std::memcpy(echo.identifier.data(), token_.data(), 2);
  std::memcpy(echo.data.data(), token_.data() + 2, 8);
  echo.sequence = htons(++sequence_);
  // Of ICMPv6 the kernel knows the pseudo-header.
  if (v4) echo.checksum = checksum::of(&echo, sizeof(echo));
  sockaddr_in to4{};
  sockaddr_in6 to6{};
  to4.sin_family = AF_INET;
  to6.sin6_family = AF_INET6;
  std::memcpy(v4 ? static_cast<void*>(&to4.sin_addr) : static_cast<void*>(&to6.sin6_addr),
              target_.data(), target_.size());
  const auto* to = v4 ? reinterpret_cast<sockaddr*>(&to4) : reinterpret_cast<sockaddr*>(&to6);
  return ::sendto(fd_, &echo, sizeof(echo), MSG_DONTWAIT, to, v4 ? sizeof(to4) : sizeof(to6)) >= 0;
}

bool EchoSocket::answered() {
  const bool v4 = target_.is_v4();
  bool any = false;
  std::array<uint8_t, 256> packet;
  sockaddr_in6 from{};
  while (true) {
    socklen_t from_length = sizeof(from);
    const ssize_t got = ::recvfrom(fd_, packet.data(), packet.size(), MSG_DONTWAIT,
                                   reinterpret_cast<sockaddr*>(&from), &from_length);
    if (got < 0) return any;
    const IpAddress source =
        v4 ? IpAddress::v4(&reinterpret_cast<const sockaddr_in&>(from).sin_addr)
           : IpAddress::v6(&from.sin6_addr);
    // IPv4 raw sockets deliver the IP header.
    const size_t header = v4 ? (packet[0] & 15u) * 4 : 0;
    const auto length = static_cast<size_t>(got);
    if (source == target_ && header <= length)
      any = is_answer(packet.data() + header, length - header) || any;
  }
}

bool EchoSocket::is_answer(const uint8_t* message, size_t length) const {
  if (length < sizeof(Echo)) return false;
  Echo echo;
  std::memcpy(&echo, message, sizeof(echo));
  const auto expected = static_cast<uint8_t>(target_.is_v4() ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY);
  return echo.type == expected && std::memcmp(echo.identifier.data(), token_.data(), 2) == 0 &&
         std::memcmp(echo.data.data(), token_.data() + 2, 8) == 0;
}

}  // namespace lbd
