// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cctype>

#include "control/config/rules.h"
#include "control/config/sections.h"

namespace lbd::config {
namespace {

struct Form {
  std::string_view prefix;
  DeviceKind kind;
};
constexpr std::array<Form, 4> kForms{{{"mac:", DeviceKind::kMac},
                                      {"af_xdp:", DeviceKind::kAfXdp},
                                      {"af_packet:", DeviceKind::kAfPacket},
                                      {"vdev:", DeviceKind::kVdev}}};

/// True where `text` looks like `pattern`, in which 'x' stands for a hexadecimal digit.
bool matches(std::string_view text, std::string_view pattern) {
  return std::equal(text.begin(), text.end(), pattern.begin(), pattern.end(), [](char c, char p) {
    return p == 'x' ? std::isxdigit(static_cast<unsigned char>(c)) != 0 : c == p;
  });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

/// Domain:bus:device.function in lower case, the domain 0000 where it is left out; else empty.
std::string pci_address(std::string_view text) {
  if (text.empty() || text.back() > '7') return {};
  if (matches(text, "xx:xx.x")) return "0000:" + lower(text);
  return matches(text, "xxxx:xx:xx.x") ? lower(text) : std::string();
}

/// Why `argument` cannot be that of a device of this kind; empty where it can.
std::string fault(DeviceKind kind, const std::string& argument) {
  if (kind == DeviceKind::kMac) {
    const auto mac = MacAddress::parse(argument);
    if (!mac) return quote(argument) + " is not a MAC address";
    return mac->is_multicast() || *mac == MacAddress{} ? argument + " is no device's MAC" : "";
  }
  if (kind == DeviceKind::kVdev) {
    const bool plain =
        std::all_of(argument.begin(), argument.end(), [](char c) { return c > 0x20 && c < 0x7f; });
    return argument.empty() || !plain ? quote(argument) + " is no DPDK vdev argument" : "";
  }
  const std::string name_fault = interface_name_fault(argument);
  return name_fault.empty() ? "" : quote(argument) + " " + name_fault;
}

}  // namespace

std::optional<Device> read_device(const Value& value) {
  const auto text = value.text();
  if (!text) return std::nullopt;
  for (const Form& form : kForms) {
    if (!text->starts_with(form.prefix)) continue;
    std::string argument = text->substr(form.prefix.size());
    if (form.kind == DeviceKind::kMac) argument = lower(argument);
    const std::string cause = fault(form.kind, argument);
    if (cause.empty()) return Device{form.kind, argument, *text};
    value.error(cause);
    return std::nullopt;
  }
  const std::string pci = pci_address(*text);
  if (!pci.empty()) return Device{DeviceKind::kPci, pci, *text};
  value.error(
      quote(*text) + " is not a device",
      "write a PCI address as \"0000:03:00.0\", mac:MAC, af_xdp:IFNAME, af_packet:IFNAME or "
      "vdev:ARGUMENT");
  return std::nullopt;
}

}  // namespace lbd::config
