// SPDX-License-Identifier: Apache-2.0
#include "vrrp/link.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "common/wire.h"

namespace lbd::vrrp {
namespace {

constexpr int kReceiveBuffer = 1 << 20;
constexpr int kLinkControl = 7;  // SO_PRIORITY: before everything else in the interface's queue
constexpr size_t kMaxAuthentication = 257 * 4;  // RFC 4302 2.2
constexpr size_t kMaxPacket =
    60 + kMaxAuthentication + sizeof(Header) + kMaxAddresses * 16 + sizeof(Password);

/// One packet's worth of what recvmsg needs.
struct Slot {
  std::array<uint8_t, kMaxPacket> bytes;
  alignas(cmsghdr) std::array<uint8_t, 256> control;
  sockaddr_in6 from;
};

bool set(int fd, int level, int option, const void* value, socklen_t length) {
  return ::setsockopt(fd, level, option, value, length) == 0;
}
bool set(int fd, int level, int option, int value) {
  return set(fd, level, option, &value, sizeof(value));
}

template <class T>
void put_control(msghdr& message, int level, int type, const T& value) {
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = level;
  header->cmsg_type = type;
  header->cmsg_len = CMSG_LEN(sizeof(T));
  std::memcpy(CMSG_DATA(header), &value, sizeof(T));
  message.msg_controllen = CMSG_SPACE(sizeof(T));
}

/// IPv4 raw sockets deliver the IP header, which the kernel has checked.
bool parse_v4(std::span<const uint8_t> packet, Received& out) {
  if (packet.size() < sizeof(wire::Ipv4)) return false;
  wire::Ipv4 ip;
  std::memcpy(&ip, packet.data(), sizeof(ip));
  const size_t header = ip.header_length();
  if (header < sizeof(ip) || header > packet.size()) return false;
  out.source = IpAddress::v4(&ip.source);
  out.destination = IpAddress::v4(&ip.destination);
  out.ttl = ip.ttl;
  out.payload = packet.subspan(header);
  return true;
}

bool parse_v6(std::span<const uint8_t> packet, msghdr& message, Received& out) {
  bool has_destination = false;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != IPPROTO_IPV6) continue;
    if (c->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(c), sizeof(info));
      out.destination = IpAddress::v6(&info.ipi6_addr);
      has_destination = true;
    } else if (c->cmsg_type == IPV6_HOPLIMIT) {
      int hops = 0;
      std::memcpy(&hops, CMSG_DATA(c), sizeof(hops));
      out.ttl = static_cast<uint8_t>(hops);
    }
  }
  out.source = IpAddress::v6(&static_cast<sockaddr_in6*>(message.msg_name)->sin6_addr);
  out.payload = packet;
  return has_destination;
}

}  // namespace

Result<std::unique_ptr<Link>> Link::open(const std::string& interface, int ifindex, Family family) {
  const int domain = family == Family::kIpv4 ? AF_INET : AF_INET6;
  constexpr int kType = SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK;
  const int fd = ::socket(domain, kType, wire::kProtoVrrp);
  // With IPv6 too: to the kernel, which gives raw sockets their copy before it looks for somebody
  // to check it, an authentication header is a protocol like another.
  const int authentication_fd = ::socket(domain, kType, wire::kProtoAuthentication);
  const int error = errno;
  std::unique_ptr<Link> link(new Link(fd, authentication_fd, interface, ifindex, family));
  if (fd < 0 || authentication_fd < 0)
    return Error{"vrrp: " + interface + ": cannot open a raw socket: " + std::strerror(error)};
  for (const int one : link->fds())
    if (const Status done = link->configure(one); !done) return done.error();
  return link;
}

Link::~Link() {
  for (const int fd : fds()) ::close(fd);
}

std::vector<int> Link::fds() const {
  std::vector<int> out;
  for (const int fd : {fd_, authentication_fd_})
    if (fd >= 0) out.push_back(fd);
  return out;
}

Status Link::configure(int fd) {
  const auto size = static_cast<socklen_t>(interface_.size());
  bool done = set(fd, SOL_SOCKET, SO_BINDTODEVICE, interface_.c_str(), size);
  // What does not work without rights is a matter of degree.
  if (!set(fd, SOL_SOCKET, SO_RCVBUFFORCE, kReceiveBuffer))
    set(fd, SOL_SOCKET, SO_RCVBUF, kReceiveBuffer);
  set(fd, SOL_SOCKET, SO_PRIORITY, kLinkControl);
  if (family_ == Family::kIpv4) {
    ip_mreqn out{};
    out.imr_ifindex = ifindex_;
    done = done && set(fd, IPPROTO_IP, IP_TTL, kTtl) &&
           set(fd, IPPROTO_IP, IP_MULTICAST_TTL, kTtl) &&
           set(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0) && set(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0) &&
           set(fd, IPPROTO_IP, IP_TOS, kTypeOfService) &&
           set(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof(out));
  } else {
    done = done && set(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, kTtl) &&
           set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, kTtl) &&
           set(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0) &&
           set(fd, IPPROTO_IPV6, IPV6_TCLASS, kTypeOfService) &&
           set(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, ifindex_) &&
           set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
           set(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
  }
  if (done) return Done{};
  return Error{"vrrp: " + interface_ + ": cannot set up a raw socket: " + std::strerror(errno)};
}

Status Link::join(const IpAddress& group) {
  for (const int fd : fds())
    if (const Status done = join(fd, group); !done) return done;
  return Done{};
}

Status Link::join(int fd, const IpAddress& group) {
  bool done = false;
  if (family_ == Family::kIpv4) {
    ip_mreqn request{};
    std::memcpy(&request.imr_multiaddr, group.data(), 4);
    request.imr_ifindex = ifindex_;
    done = set(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof(request));
  } else {
    ipv6_mreq request{};
    std::memcpy(&request.ipv6mr_multiaddr, group.data(), 16);
    request.ipv6mr_interface = static_cast<unsigned>(ifindex_);
    done = set(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof(request));
  }
  if (done || errno == EADDRINUSE) return Done{};
  return Error{"vrrp: " + interface_ + ": cannot join " + group.to_string() + ": " +
               std::strerror(errno)};
}

bool Link::send(const IpAddress& source, const IpAddress& destination,
                std::span<const uint8_t> payload) const {
  iovec piece{const_cast<uint8_t*>(payload.data()), payload.size()};
  alignas(cmsghdr) std::array<uint8_t, CMSG_SPACE(sizeof(in6_pktinfo))> control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  sockaddr_in to4{};
  sockaddr_in6 to6{};
  if (family_ == Family::kIpv4) {
    in_pktinfo info{};
    info.ipi_ifindex = ifindex_;
    std::memcpy(&info.ipi_spec_dst, source.data(), 4);
    to4.sin_family = AF_INET;
    std::memcpy(&to4.sin_addr, destination.data(), 4);
    message.msg_name = &to4;
    message.msg_namelen = sizeof(to4);
    put_control(message, IPPROTO_IP, IP_PKTINFO, info);
  } else {
    in6_pktinfo info{};
    info.ipi6_ifindex = static_cast<unsigned>(ifindex_);
    std::memcpy(&info.ipi6_addr, source.data(), 16);
    to6.sin6_family = AF_INET6;
    std::memcpy(&to6.sin6_addr, destination.data(), 16);
    if (destination.is_link_local() || destination.is_multicast())
      to6.sin6_scope_id = static_cast<uint32_t>(ifindex_);
    message.msg_name = &to6;
    message.msg_namelen = sizeof(to6);
    put_control(message, IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
  return ::sendmsg(fd_, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

unsigned Link::receive(unsigned most, const std::function<void(const Received&)>& handler) {
  unsigned count = 0;
  for (const int fd : fds()) count += receive(fd, most, handler);
  return count;
}

unsigned Link::receive(int fd, unsigned most, const std::function<void(const Received&)>& handler) {
  unsigned count = 0;
  Slot slot;
  for (; count < most; ++count) {
    iovec piece{slot.bytes.data(), slot.bytes.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_name = &slot.from;
    message.msg_namelen = sizeof(slot.from);
    message.msg_control = slot.control.data();
    message.msg_controllen = slot.control.size();
    const ssize_t length = ::recvmsg(fd, &message, MSG_DONTWAIT);
    if (length < 0) break;
    const std::span<const uint8_t> packet(slot.bytes.data(), static_cast<size_t>(length));
    Received received;
    bool whole =
        family_ == Family::kIpv4 ? parse_v4(packet, received) : parse_v6(packet, message, received);
    if (whole && fd == authentication_fd_) {
      const auto behind = behind_authentication_header(received.payload);
      received.authentication_header = true;
      received.payload = behind.value_or(std::span<const uint8_t>());
      whole = behind.has_value();
    }
    if (whole) handler(received);
  }
  return count;
}

}  // namespace lbd::vrrp
