// SPDX-License-Identifier: Apache-2.0
#include "control/kernel/netlink_socket.h"

#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace lbd::netlink {
namespace {

struct Datagram {
  struct FreeBytes {
    void operator()(unsigned char* bytes) const { std::free(bytes); }
  };
  int length = 0;  // below 0: -NLE_*
  std::unique_ptr<unsigned char, FreeBytes> bytes;
  uint32_t sender = 0;  // 0: the kernel
};

Datagram read_datagram(nl_sock* socket) {
  Datagram out;
  sockaddr_nl from{};
  unsigned char* bytes = nullptr;
  out.length = nl_recv(socket, &from, &bytes, nullptr);
  if (out.length > 0) out.bytes.reset(bytes);
  out.sender = from.nl_pid;
  return out;
}

/// Calls `each` for every complete message in it, until it returns false.
template <class Each>
void for_each_message(const Datagram& datagram, Each each) {
  auto* message = reinterpret_cast<nlmsghdr*>(datagram.bytes.get());
  int left = datagram.length;
  while (left > 0 && nlmsg_ok(message, left) != 0) {
    if (!each(message)) return;
    message = nlmsg_next(message, &left);
  }
}

Error failure(const char* what, int nl_error) {
  return Error{std::string("netlink: ") + what + ": " + nl_geterror(nl_error)};
}

std::unique_ptr<nl_sock, FreeSocket> connect(int& error) {
  std::unique_ptr<nl_sock, FreeSocket> socket(nl_socket_alloc());
  error = socket ? nl_connect(socket.get(), NETLINK_ROUTE) : -NLE_NOMEM;
  return socket;
}

}  // namespace

void FreeSocket::operator()(nl_sock* socket) const {
  nl_socket_free(socket);
}
void FreeMessage::operator()(nl_msg* message) const {
  nlmsg_free(message);
}

Message make_message(int type, int flags, const void* header, size_t length) {
  Message message(nlmsg_alloc_simple(type, flags));
  if (message &&
      nlmsg_append(message.get(), const_cast<void*>(header), length, NLMSG_ALIGNTO) < 0) {
    message.reset();
  }
  return message;
}

Result<EventSocket> EventSocket::open(const std::vector<int>& groups, int buffer_bytes) {
  int error = 0;
  auto socket = connect(error);
  if (error < 0) return failure("cannot open a socket for events", error);
  nl_socket_disable_seq_check(socket.get());
  const int fd = nl_socket_get_fd(socket.get());
  // Beyond net.core.rmem_max where we may; the plain way is what remains without CAP_NET_ADMIN.
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof(buffer_bytes)) != 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof(buffer_bytes));
  }
  nl_socket_enable_msg_peek(socket.get());
  for (const int group : groups) {
    error = nl_socket_add_memberships(socket.get(), group, 0);
    if (error < 0) return failure("cannot subscribe to events", error);
  }
  error = nl_socket_set_nonblocking(socket.get());
  if (error < 0) return failure("cannot make the socket for events non-blocking", error);
  return EventSocket(socket.release());
}

int EventSocket::fd() const {
  return nl_socket_get_fd(socket_.get());
}

EventSocket::Outcome EventSocket::receive(const Handler& handler) {
  const Datagram datagram = read_datagram(socket_.get());
  if (datagram.length == -NLE_AGAIN || datagram.length == 0) return Outcome::kEmpty;
  if (datagram.length < 0) return Outcome::kLost;
  if (datagram.sender != 0) return Outcome::kMore;  // some process' idea of an event
  for_each_message(datagram, [&](const nlmsghdr* message) {
    handler(message);
    return true;
  });
  return Outcome::kMore;
}

void EventSocket::drain() {
  constexpr int kEnough = 1 << 20;  // more datagrams than any buffer holds
  for (int i = 0; i < kEnough; ++i) {
    if (receive([](const nlmsghdr*) {}) == Outcome::kEmpty) return;
  }
}

Result<RequestSocket> RequestSocket::open() {
  int error = 0;
  auto socket = connect(error);
  if (error < 0) return failure("cannot open a socket for requests", error);
  nl_socket_enable_msg_peek(socket.get());
  const int fd = nl_socket_get_fd(socket.get());
  const timeval second{1, 0};
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
  setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
  return RequestSocket(socket.release());
}

int RequestSocket::send(Message message, uint32_t& sequence) {
  if (!message) return ENOMEM;
  nl_complete_msg(socket_.get(), message.get());
  sequence = nlmsg_hdr(message.get())->nlmsg_seq;
  return nl_send(socket_.get(), message.get()) < 0 ? EIO : 0;
}

int RequestSocket::request(Message message) {
  uint32_t sequence = 0;
  reason_.clear();
  if (message) nlmsg_hdr(message.get())->nlmsg_flags |= NLM_F_ACK;
  if (const int error = send(std::move(message), sequence); error != 0) return error;
  return collect(sequence, false, [](const nlmsghdr*) {});
}

int RequestSocket::dump(int type, int family, const Handler& handler) {
  rtgenmsg header{static_cast<unsigned char>(family)};
  uint32_t sequence = 0;
  reason_.clear();
  Message message = make_message(type, NLM_F_REQUEST | NLM_F_DUMP, &header, sizeof(header));
  if (const int error = send(std::move(message), sequence); error != 0) return error;
  return collect(sequence, true, handler);
}

int RequestSocket::collect(uint32_t sequence, bool dump, const Handler& handler) {
  bool interrupted = false;
  while (true) {
    const Datagram datagram = read_datagram(socket_.get());
    if (datagram.length <= 0) return ETIMEDOUT;
    if (datagram.sender != 0) continue;
    int result = -1;
    for_each_message(datagram, [&](const nlmsghdr* message) {
      if (message->nlmsg_seq != sequence) return true;  // an answer that came too late
      interrupted |= (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
      if (message->nlmsg_type == NLMSG_ERROR) {
        if (message->nlmsg_len < NLMSG_LENGTH(sizeof(nlmsgerr))) return true;
        result = -static_cast<const nlmsgerr*>(NLMSG_DATA(message))->error;
        if (result != 0) read_reason(message);
        return false;
      }
      if (message->nlmsg_type == NLMSG_DONE) {
        result = 0;
        return false;
      }
      if (dump) handler(message);
      return true;
    });
    if (result == 0 && interrupted) return EINTR;
    if (result >= 0) return result;
  }
}

void RequestSocket::read_reason(const nlmsghdr* message) {
  if ((message->nlmsg_flags & NLM_F_ACK_TLVS) == 0) return;
  const auto* error = static_cast<const nlmsgerr*>(NLMSG_DATA(message));
  // Our request comes back between the code and the attributes, unless the kernel cut it off.
  size_t skip = sizeof(nlmsgerr);
  if ((message->nlmsg_flags & NLM_F_CAPPED) == 0) skip += error->msg.nlmsg_len - sizeof(nlmsghdr);
  skip = NLMSG_ALIGN(skip);
  if (message->nlmsg_len < NLMSG_HDRLEN + skip) return;
  const char* start = static_cast<const char*>(NLMSG_DATA(message)) + skip;
  auto* first = reinterpret_cast<nlattr*>(const_cast<char*>(start));
  const int length = static_cast<int>(message->nlmsg_len - NLMSG_HDRLEN - skip);
  std::array<nlattr*, NLMSGERR_ATTR_MAX + 1> attributes{};
  if (nla_parse(attributes.data(), NLMSGERR_ATTR_MAX, first, length, nullptr) < 0) return;
  const nlattr* text = attributes[NLMSGERR_ATTR_MSG];
  if (text != nullptr && nla_len(text) > 0) {
    reason_.assign(static_cast<const char*>(nla_data(text)),
                   strnlen(static_cast<const char*>(nla_data(text)), nla_len(text)));
  }
}

}  // namespace lbd::netlink
