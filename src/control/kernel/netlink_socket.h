// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/netlink.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "common/result.h"

struct nl_sock;
struct nl_msg;

namespace lbd::netlink {

struct FreeSocket {
  void operator()(nl_sock* socket) const;
};
struct FreeMessage {
  void operator()(nl_msg* message) const;
};
using Message = std::unique_ptr<nl_msg, FreeMessage>;
using Handler = std::function<void(const nlmsghdr*)>;

/// A request of `type` (RTM_*) with `flags` (NLM_F_*) and its fixed header; null without memory.
Message make_message(int type, int flags, const void* header, size_t length);

/// Listens to multicast groups of rtnetlink. Never blocks.
class EventSocket {
 public:
  enum class Outcome { kEmpty, kMore, kLost };

  /// `groups`: RTNLGRP_*. `buffer_bytes`: how much may wait to be read before events are lost.
  static Result<EventSocket> open(const std::vector<int>& groups, int buffer_bytes);
  int fd() const;
  /// Reads one datagram. kEmpty: nothing there; kLost: events were lost, dump again.
  Outcome receive(const Handler& handler);
  /// Throws away what waits, so that what comes later is newer than a dump that starts now.
  void drain();

 private:
  explicit EventSocket(nl_sock* socket) : socket_(socket) {}
  std::unique_ptr<nl_sock, FreeSocket> socket_;
};

/// Requests and dumps. The kernel does them within the system call, so the answer is there when it
/// returns; a time-out of one second guards against what cannot be.
class RequestSocket {
 public:
  static Result<RequestSocket> open();
  /// 0 or a positive errno. The kernel's own words about the last failure: reason().
  int request(Message message);
  const std::string& reason() const { return reason_; }
  /// RTM_GET* for a family (AF_UNSPEC: all); each message of the answer goes to `handler`. An
  /// answer that was changed while it was given is reported by an error: EINTR; ask again.
  int dump(int type, int family, const Handler& handler);

 private:
  explicit RequestSocket(nl_sock* socket) : socket_(socket) {}
  int send(Message message, uint32_t& sequence);
  int collect(uint32_t sequence, bool dump, const Handler& handler);
  void read_reason(const nlmsghdr* message);

  std::unique_ptr<nl_sock, FreeSocket> socket_;
  std::string reason_;
};

}  // namespace lbd::netlink
