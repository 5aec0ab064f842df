// SPDX-License-Identifier: Apache-2.0
#include "control/kernel/tap.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "common/log.h"
#include "control/kernel/sysctl.h"

namespace lbd {
namespace {

/// Any socket will do for interface ioctls; it decides the network namespace.
class InterfaceSocket {
 public:
  InterfaceSocket() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}
  ~InterfaceSocket() {
    if (fd_ >= 0) ::close(fd_);
  }
  InterfaceSocket(const InterfaceSocket&) = delete;
  InterfaceSocket& operator=(const InterfaceSocket&) = delete;
  bool control(unsigned long request, ifreq& argument) const {
    return ::ioctl(fd_, request, &argument) == 0;
  }

 private:
  int fd_;
};

ifreq make_request(const std::string& name) {
  ifreq request{};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  return request;
}

Error failure(const std::string& name, const std::string& what, int error) {
  std::string text = "port " + name + ": TAP: " + what + ": " + std::strerror(error);
  if (error == EPERM || error == EACCES) text += "; run lbd as root (it needs CAP_NET_ADMIN)";
  if (error == ENOENT) text += "; load the module: modprobe tun";
  if (error == EBUSY) text += "; another lbd has it";
  return Error{text};
}

struct Setting {
  const char* key;
  long value;
};

// Why each: an address of a service may be on the real servers too (dr), so ARP is answered only
// for addresses of the interface that was asked, and asked only from addresses of that interface.
// Packets of a flow may come by another port than the route back names: loose reverse path.
constexpr Setting kIpv4Settings[] = {
    {"arp_ignore", 1}, {"arp_announce", 2}, {"rp_filter", 2}, {"promote_secondaries", 1}};
// The addresses are lbd's to give: no advertised ones, and no second of silence to detect
// duplicates. A TAP that is set down for a moment keeps its addresses.
constexpr Setting kIpv6Settings[] = {
    {"accept_dad", 0}, {"dad_transmits", 0},        {"accept_ra", 0},
    {"autoconf", 0},   {"router_solicitations", 0}, {"keep_addr_on_down", 1}};

void apply_settings(const std::string& name) {
  std::string refused;
  for (const auto& [key, value] : kIpv4Settings) {
    if (!sysctl::write("net/ipv4/conf/" + name + "/" + key, value))
      refused += std::string(" ") + key;
  }
  if (sysctl::read("net/ipv6/conf/" + name + "/accept_ra")) {  // else the host has no IPv6
    for (const auto& [key, value] : kIpv6Settings) {
      if (!sysctl::write("net/ipv6/conf/" + name + "/" + key, value))
        refused += std::string(" ") + key;
    }
  }
  if (!refused.empty()) {
    spdlog::warn("port {}: cannot set{} on its TAP (is /proc/sys read-only?)", name, refused);
  }
}

}  // namespace

Result<Tap> Tap::create(const TapOptions& options) {
  const std::string& name = options.name;
  // TUNSETIFF would join a persistent TAP of that name, whoever made it.
  if (::if_nametoindex(name.c_str()) != 0) {
    return Error{"port " + name + ": an interface of that name is there already; give the port " +
                 "another name, or remove it: ip link delete " + name};
  }
  const int fd = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return failure(name, "cannot open /dev/net/tun", errno);
  Tap tap(fd, name);
  ifreq request = make_request(name);
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  if (::ioctl(fd, TUNSETIFF, &request) != 0) return failure(name, "cannot create it", errno);
  tap.ifindex_ = static_cast<int>(::if_nametoindex(name.c_str()));

  const InterfaceSocket socket;
  request = make_request(name);
  request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
  std::memcpy(request.ifr_hwaddr.sa_data, options.mac.bytes.data(), 6);
  if (!socket.control(SIOCSIFHWADDR, request)) {
    return failure(name, "cannot set MAC address " + options.mac.to_string(), errno);
  }
  request = make_request(name);
  request.ifr_mtu = options.mtu;
  if (!socket.control(SIOCSIFMTU, request)) {
    return failure(name, "cannot set MTU " + std::to_string(options.mtu), errno);
  }
  apply_settings(name);
  if (Status set = tap.set_carrier(options.link_up); !set) return set.error();
  request = make_request(name);
  if (!socket.control(SIOCGIFFLAGS, request)) return failure(name, "cannot read its flags", errno);
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP | IFF_ALLMULTI);
  if (!socket.control(SIOCSIFFLAGS, request)) return failure(name, "cannot set it up", errno);
  return tap;
}

Tap::~Tap() {
  if (fd_ >= 0) ::close(fd_);
}

Tap::Tap(Tap&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), ifindex_(other.ifindex_), name_(std::move(other.name_)) {}

Tap& Tap::operator=(Tap&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(ifindex_, other.ifindex_);
  std::swap(name_, other.name_);
  return *this;
}

Status Tap::set_carrier(bool up) {
  int carrier = up ? 1 : 0;
  if (::ioctl(fd_, TUNSETCARRIER, &carrier) != 0)
    return failure(name_, "cannot set its carrier", errno);
  return Done{};
}

}  // namespace lbd
