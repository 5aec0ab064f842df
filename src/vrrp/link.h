// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "vrrp/packet.h"

namespace lbd::vrrp {

/// The raw sockets of one interface and family, for all virtual routers on it: one of VRRP, and one
/// of AH, in which RFC 2338 wraps advertisements that are to be refused by name. It is opened where
/// waiting does no harm (the kernel takes a lock for group memberships) and then used by the VRRP
/// thread, which never waits in it.
class Link {
 public:
  /// The error names the interface.
  static Result<std::unique_ptr<Link>> open(const std::string& interface, int ifindex,
                                            Family family);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Listens to a group; twice is no error.
  Status join(const IpAddress& group);
  /// Readable when there is something for receive().
  std::vector<int> fds() const;
  int ifindex() const { return ifindex_; }
  Family family() const { return family_; }
  const std::string& interface() const { return interface_; }

  /// TTL or hop limit 255. False where the kernel did not take it.
  bool send(const IpAddress& source, const IpAddress& destination,
            std::span<const uint8_t> payload) const;
  /// Reads what waits, at most `most` packets; returns how many there were.
  unsigned receive(unsigned most, const std::function<void(const Received&)>& handler);

 private:
  Link(int fd, int authentication_fd, std::string interface, int ifindex, Family family)
      : fd_(fd),
        authentication_fd_(authentication_fd),
        ifindex_(ifindex),
        family_(family),
        interface_(std::move(interface)) {}
  Status configure(int fd);
  Status join(int fd, const IpAddress& group);
  unsigned receive(int fd, unsigned most, const std::function<void(const Received&)>& handler);

  int fd_;
  int authentication_fd_;
  int ifindex_;
  Family family_;
  std::string interface_;
};

}  // namespace lbd::vrrp
