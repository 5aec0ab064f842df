// SPDX-License-Identifier: Apache-2.0
#include "dataplane/interface.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <spdlog/fmt/fmt.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace lbd::interface {
namespace {

/// Runs one interface ioctl; 0 or an errno value.
int call(unsigned long request, ifreq& argument) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const int error = ioctl(fd, request, &argument) == 0 ? 0 : errno;
  close(fd);
  return error;
}

ifreq request_for(const std::string& name) {
  ifreq out{};
  std::strncpy(out.ifr_name, name.c_str(), sizeof(out.ifr_name) - 1);
  return out;
}

template <class T>
int ethtool(const std::string& name, T& command) {
  ifreq request = request_for(name);
  request.ifr_data = reinterpret_cast<char*>(&command);
  return call(SIOCETHTOOL, request);
}

int raw_flags(const std::string& name) {
  ifreq request = request_for(name);
  return call(SIOCGIFFLAGS, request) == 0 ? static_cast<uint16_t>(request.ifr_flags) : 0;
}

Error failure(const std::string& name, const char* what, int error) {
  return Error{fmt::format("interface {}: {}: {}", name, what, std::strerror(error))};
}

}  // namespace

unsigned index(const std::string& name) {
  return if_nametoindex(name.c_str());
}

std::string names() {
  std::string out;
  struct if_nameindex* list = if_nameindex();
  if (list == nullptr) return out;
  for (const struct if_nameindex* entry = list; entry->if_index != 0; ++entry)
    out += (out.empty() ? "" : ", ") + std::string(entry->if_name);
  if_freenameindex(list);
  return out;
}

Flags flags(const std::string& name) {
  const int raw = raw_flags(name);
  return {(raw & IFF_UP) != 0, (raw & IFF_PROMISC) != 0, (raw & IFF_ALLMULTI) != 0};
}

Status set_flags(const std::string& name, const Flags& flags) {
  ifreq request = request_for(name);
  const int others = raw_flags(name) & ~(IFF_UP | IFF_PROMISC | IFF_ALLMULTI);
  request.ifr_flags =
      static_cast<short>(others | (flags.up ? IFF_UP : 0) | (flags.promiscuous ? IFF_PROMISC : 0) |
                         (flags.all_multicast ? IFF_ALLMULTI : 0));
  if (const int error = call(SIOCSIFFLAGS, request); error != 0)
    return failure(name, "cannot be set up", error);
  return Done{};
}

bool has_link(const std::string& name) {
  const int wanted = IFF_UP | IFF_RUNNING;
  return (raw_flags(name) & wanted) == wanted;
}

std::optional<MacAddress> mac(const std::string& name) {
  ifreq request = request_for(name);
  if (call(SIOCGIFHWADDR, request) != 0) return std::nullopt;
  MacAddress out;
  std::memcpy(out.bytes.data(), request.ifr_hwaddr.sa_data, out.bytes.size());
  return out;
}

uint16_t mtu(const std::string& name) {
  ifreq request = request_for(name);
  return call(SIOCGIFMTU, request) == 0 ? static_cast<uint16_t>(std::min(request.ifr_mtu, 65535))
                                        : 0;
}

Status set_mtu(const std::string& name, uint16_t mtu) {
  ifreq request = request_for(name);
  request.ifr_mtu = mtu;
  if (const int error = call(SIOCSIFMTU, request); error != 0)
    return failure(name, fmt::format("cannot take mtu {}", mtu).c_str(), error);
  return Done{};
}

Channels channels(const std::string& name) {
  ethtool_channels command{};
  command.cmd = ETHTOOL_GCHANNELS;
  if (ethtool(name, command) != 0) return {};
  return {command.combined_count, command.rx_count};
}

bool gro(const std::string& name) {
  ethtool_value command{ETHTOOL_GGRO, 0};
  return ethtool(name, command) == 0 && command.data != 0;
}

Status set_gro(const std::string& name, bool on) {
  ethtool_value command{ETHTOOL_SGRO, on};
  if (const int error = ethtool(name, command); error != 0)
    return failure(name, "generic receive offload cannot be switched", error);
  return Done{};
}

std::string bus_info(const std::string& name) {
  ethtool_drvinfo command{};
  command.cmd = ETHTOOL_GDRVINFO;
  return ethtool(name, command) == 0 ? std::string(command.bus_info) : std::string();
}

uint64_t network_namespace() {
  struct stat info {};
  return stat("/proc/self/ns/net", &info) == 0 ? info.st_ino : 0;
}

}  // namespace lbd::interface
