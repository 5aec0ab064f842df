// SPDX-License-Identifier: Apache-2.0
#include "dataplane/device.h"

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "dataplane/device_pci.h"
#include "dataplane/eal_log.h"
#include "dataplane/interface.h"

namespace lbd {
namespace {

using Kind = DeviceName::Kind;

/// A ring slot of a packet socket holds its header and a frame of the 1514 bytes that this driver
/// takes. The driver sees the slots as one array, so they must fill their blocks, which are pages.
constexpr unsigned kPacketFrame = 2048;
constexpr unsigned kPacketBlock = 4096;
/// AF_XDP wants each buffer, the mbuf in front of it included, in at most one page.
constexpr unsigned kXdpBuffer = 3712;

/// The ethdev of the device `device_name`, the first one where it has several.
std::optional<uint16_t> find_ethdev(const std::string& device_name) {
  uint16_t port = 0;
  RTE_ETH_FOREACH_DEV(port) {
    rte_eth_dev_info info{};
    if (rte_eth_dev_info_get(port, &info) == 0 && info.device != nullptr &&
        device_name == rte_dev_name(info.device))
      return port;
  }
  return std::nullopt;
}

Result<uint16_t> probe(const char* bus, const std::string& name, const std::string& arguments,
                       const std::string& what) {
  // The EAL takes a second device of the same name for the first.
  if (find_ethdev(name)) return Error{fmt::format("device {}: another port has it already", what)};
  clear_eal_errors();
  const int error = rte_eal_hotplug_add(bus, name.c_str(), arguments.c_str());
  if (error != 0)
    return Error{fmt::format("device {}: the driver refuses it: {}{}", what, std::strerror(-error),
                             eal_cause())};
  if (const auto port = find_ethdev(name)) return *port;
  return Error{
      fmt::format("device {}: it is no network device, or no driver of DPDK knows it", what)};
}

/// How many queues af_xdp has to serve: all that the interface has, or packets of the others would
/// go to the kernel.
Result<unsigned> af_xdp_queues(const std::string& name, const DeviceNeeds& needs, bool given) {
  const interface::Channels channels = interface::channels(name);
  if (channels.combined == 0 && channels.rx > 1)
    return Error{
        fmt::format("device af_xdp:{0}: the interface has {1} receive queues, and this driver "
                    "can serve one: ethtool -L {0} rx 1 tx 1",
                    name, channels.rx)};
  const unsigned queues = std::max(1u, channels.combined);
  if (given && needs.queues != queues)
    return Error{
        fmt::format("device af_xdp:{0}: queues: {1}, but the interface has {2}, and all have to "
                    "be served: ethtool -L {0} combined {1}, or queues: auto",
                    name, needs.queues, queues)};
  return queues;
}

std::string interface_arguments(Kind kind, const std::string& name, const DeviceNeeds& needs,
                                unsigned queues) {
  if (kind == Kind::kAfXdp)
    return fmt::format("iface={},start_queue=0,queue_count={}", name, queues);
  return fmt::format("iface={},qpairs={},qdisc_bypass=1,framesz={},blocksz={},framecnt={}", name,
                     queues, kPacketFrame, kPacketBlock, needs.rx_descriptors);
}

Result<AttachedDevice> attach_interface(Kind kind, const std::string& name,
                                        const DeviceNeeds& needs, bool queues_given) {
  const bool is_xdp = kind == Kind::kAfXdp;
  const std::string what = fmt::format("{}:{}", is_xdp ? "af_xdp" : "af_packet", name);
  const unsigned index = interface::index(name);
  if (index == 0)
    return Error{fmt::format("device {}: there is no interface {}; here are: {}", what, name,
                             interface::names())};
  AttachedDevice out;
  out.fixed_queues = needs.queues;
  if (is_xdp) {
    const auto queues = af_xdp_queues(name, needs, queues_given);
    if (!queues) return queues.error();
    out.fixed_queues = *queues;
  }
  auto taken = BorrowedInterface::take(
      name, is_xdp ? InterfaceUse::kAfXdp : InterfaceUse::kAfPacket, needs.mtu);
  if (!taken) return Error{fmt::format("device {}: {}", what, taken.error().message)};
  out.interface = std::move(*taken);
  if (is_xdp) out.max_buffer = kXdpBuffer;

  const std::string vdev =
      fmt::format("{}{}", is_xdp ? "net_af_xdp" : "net_af_packet", needs.number);
  const auto port =
      probe("vdev", vdev, interface_arguments(kind, name, needs, out.fixed_queues), what);
  if (!port) return port.error();
  out.ethdev = *port;
  return out;
}

Result<AttachedDevice> attach_pci(const std::string& address) {
  if (const Status usable = check_pci(address); !usable) return usable.error();
  auto lock = DeviceLock::take("pci-" + address, "device " + address);
  if (!lock) return lock.error();
  const auto port = probe("pci", address, "", address);
  if (!port) return port.error();
  AttachedDevice out;
  out.ethdev = *port;
  out.lock = std::move(*lock);
  return out;
}

bool has_mac(uint16_t port, const MacAddress& mac) {
  rte_ether_addr address{};
  return rte_eth_macaddr_get(port, &address) == 0 &&
         std::memcmp(address.addr_bytes, mac.bytes.data(), mac.bytes.size()) == 0;
}

/// A card that is bound to a userspace driver shows its MAC address to nobody but who opens it.
Result<AttachedDevice> attach_mac(const std::string& text) {
  const MacAddress mac = *MacAddress::parse(text);
  const std::string known = find_pci_by_mac(mac);
  if (!known.empty()) return attach_pci(known);
  for (const std::string& address : userspace_pci_devices()) {
    auto device = attach_pci(address);
    if (!device) continue;
    if (has_mac(device->ethdev, mac)) return device;
    close_device(*device);
  }
  return Error{
      fmt::format("device mac:{}: no network card has this address: dpdk-devbind.py --status "
                  "and ip link list the cards; those meant for lbd are bound to vfio-pci",
                  text)};
}

Result<AttachedDevice> attach_vdev(const std::string& argument) {
  const size_t comma = argument.find(',');
  const std::string name = argument.substr(0, comma);
  const auto port =
      probe("vdev", name, comma == std::string::npos ? "" : argument.substr(comma + 1),
            "vdev:" + argument);
  if (!port) return port.error();
  AttachedDevice out;
  out.ethdev = *port;
  return out;
}

std::optional<std::string> full_pci_address(const std::string& text) {
  unsigned domain = 0, bus = 0, device = 0, function = 0;
  char rest = 0;
  const char* line = text.c_str();
  if (sscanf(line, "%4x:%2x:%2x.%1x%c", &domain, &bus, &device, &function, &rest) != 4) {
    domain = 0;
    if (sscanf(line, "%2x:%2x.%1x%c", &bus, &device, &function, &rest) != 3) return std::nullopt;
  }
  if (device > 0x1f || function > 7) return std::nullopt;
  return fmt::format("{:04x}:{:02x}:{:02x}.{:x}", domain, bus, device, function);
}

}  // namespace

Result<DeviceName> DeviceName::parse(std::string_view text) {
  struct Form {
    std::string_view prefix;
    Kind kind;
  };
  static constexpr Form kForms[] = {{"mac:", Kind::kMac},
                                    {"af_xdp:", Kind::kAfXdp},
                                    {"af_packet:", Kind::kAfPacket},
                                    {"vdev:", Kind::kVdev}};
  for (const Form& form : kForms) {
    if (!text.starts_with(form.prefix)) continue;
    DeviceName out{form.kind, std::string(text.substr(form.prefix.size()))};
    const bool fine = out.kind == Kind::kMac ? MacAddress::parse(out.argument).has_value()
                                             : !out.argument.empty();
    if (fine) return out;
    return Error{fmt::format("device {}: nothing usable after '{}'", text, form.prefix)};
  }
  if (auto address = full_pci_address(std::string(text))) return DeviceName{Kind::kPci, *address};
  return Error{
      fmt::format("device {}: neither a PCI address (0000:03:00.0) nor mac:, af_xdp:, "
                  "af_packet: or vdev:",
                  text)};
}

Result<AttachedDevice> attach_device(const DeviceName& name, const DeviceNeeds& needs,
                                     bool queues_given) {
  switch (name.kind) {
    case Kind::kPci:
      return attach_pci(name.argument);
    case Kind::kMac:
      return attach_mac(name.argument);
    case Kind::kVdev:
      return attach_vdev(name.argument);
    case Kind::kAfXdp:
    case Kind::kAfPacket:
      break;
  }
  return attach_interface(name.kind, name.argument, needs, queues_given);
}

void close_device(AttachedDevice& device) {
  rte_device* handle = nullptr;
  rte_eth_dev_info info{};
  if (rte_eth_dev_info_get(device.ethdev, &info) == 0) handle = info.device;
  rte_eth_dev_stop(device.ethdev);
  rte_eth_dev_close(device.ethdev);
  if (handle != nullptr) rte_dev_remove(handle);
  device.interface.reset();
  device.lock = DeviceLock();
}

}  // namespace lbd
