// SPDX-License-Identifier: Apache-2.0
#include "dataplane/device_pci.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

#include "dataplane/interface.h"

namespace lbd {
namespace {

namespace fs = std::filesystem;

const fs::path kDevices = "/sys/bus/pci/devices";

constexpr std::array<std::string_view, 3> kUserspaceDrivers{"vfio-pci", "igb_uio",
                                                            "uio_pci_generic"};
/// Drivers that keep the device and let DPDK have its queues.
constexpr std::array<std::string_view, 3> kSharingDrivers{"mlx5_core", "mlx4_core", "mana"};

template <size_t N>
bool is_one_of(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Empty where no driver has the device.
std::string driver_of(const std::string& address) {
  std::error_code error;
  return fs::read_symlink(kDevices / address / "driver", error).filename();
}

bool is_network_card(const fs::path& device) {
  std::ifstream in(device / "class");
  std::string text;
  in >> text;
  return text.starts_with("0x02");
}

}  // namespace

Status check_pci(const std::string& address) {
  std::error_code error;
  if (!fs::exists(kDevices / address, error))
    return Error{
        fmt::format("device {}: there is no such PCI device: dpdk-devbind.py --status lists "
                    "the cards",
                    address)};
  if (!is_network_card(kDevices / address))
    return Error{
        fmt::format("device {}: that PCI device is no network card: dpdk-devbind.py "
                    "--status lists the cards",
                    address)};
  const std::string driver = driver_of(address);
  if (is_one_of(kUserspaceDrivers, driver) || is_one_of(kSharingDrivers, driver)) return Done{};
  return Error{
      fmt::format("device {0}: it is bound to {1}, DPDK needs vfio-pci: dpdk-devbind.py "
                  "--bind=vfio-pci {0} (the kernel then has it no more)",
                  address, driver.empty() ? "no driver" : "the kernel's " + driver)};
}

std::string find_pci_by_mac(const MacAddress& mac) {
  std::istringstream names(interface::names());
  std::string name;
  while (std::getline(names >> std::ws, name, ',')) {
    if (interface::mac(name) != mac) continue;
    const std::string address = interface::bus_info(name);
    std::error_code error;
    // A twin or a VLAN may carry a card's address as well: they sit on no bus.
    if (!address.empty() && fs::exists(kDevices / address, error)) return address;
  }
  return {};
}

std::vector<std::string> userspace_pci_devices() {
  std::vector<std::string> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(kDevices, error)) {
    const std::string address = entry.path().filename();
    if (is_network_card(entry.path()) && is_one_of(kUserspaceDrivers, driver_of(address)))
      out.push_back(address);
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace lbd
