// SPDX-License-Identifier: Apache-2.0
#include "cli/import/import_ports.h"

#include <algorithm>

#include "common/address.h"

namespace lbd::cli {
namespace {

constexpr size_t kMaxInterfaceName = 15;

struct Port {
  std::string interface;
  std::string device;
  std::vector<Prefix> addresses;

  /// The TAP cannot be called as an interface that stays in the kernel.
  std::string name() const {
    const bool stays = device == "af_xdp:" + interface || device == "af_packet:" + interface;
    return (stays ? "lb-" + interface : interface).substr(0, kMaxInterfaceName);
  }
};

Port& port_of(std::vector<Port>& ports, const std::string& interface) {
  const auto found = std::find_if(ports.begin(), ports.end(),
                                  [&](const Port& port) { return port.interface == interface; });
  if (found != ports.end()) return *found;
  ports.push_back({interface, "af_xdp:" + interface, {}});
  return ports.back();
}

std::vector<Port> collect(const ImportOptions& options, Remarks& remarks) {
  std::vector<Port> ports;
  for (const auto& [interface, device] : options.devices) port_of(ports, interface).device = device;
  for (const auto& [interface, text] : options.addresses) {
    const auto address = Prefix::parse(text);
    if (address)
      port_of(ports, interface).addresses.push_back(*address);
    else
      remarks.error(0, "--address " + interface + "=" + text +
                           ": no address with its prefix length, as 192.0.2.11/24");
  }
  if (ports.empty()) {
    port_of(ports, "eth0");
    remarks.warning(0,
                    "eth0 is assumed to be the port; --map eth0=DEVICE and "
                    "--address eth0=ADDRESS/LENGTH say more");
  }
  for (const Port& port : ports)
    if (port.addresses.empty())
      remarks.warning(0, port.interface + " has no address: --address " + port.interface +
                             "=ADDRESS/LENGTH gives it one");
  return ports;
}

std::string quote_where_ipv6(const std::string& text) {
  return text.find(':') == text.npos ? text : "\"" + text + "\"";
}

}  // namespace

std::string import_ports(const ImportOptions& options, const std::set<std::string>& on_link,
                         Remarks& remarks) {
  const std::vector<Port> ports = collect(options, remarks);
  std::string text = "ports:\n";
  for (const Port& port : ports) {
    text += "  - {name: " + port.name() + ", device: \"" + port.device + "\"";
    std::string list;
    for (const Prefix& address : port.addresses)
      list += (list.empty() ? "" : ", ") + quote_where_ipv6(address.to_string());
    text += (list.empty() ? "" : ", addresses: [" + list + "]") + "}\n";
  }
  std::string routes;
  for (const std::string& server : on_link) {
    const auto address = IpAddress::parse(server);
    const bool reached = std::any_of(ports.begin(), ports.end(), [&](const Port& port) {
      return std::any_of(port.addresses.begin(), port.addresses.end(),
                         [&](const Prefix& own) { return own.contains(*address); });
    });
    if (!reached && !address->is_loopback())
      routes += "  - {to: " + quote_where_ipv6(server) + ", port: " + ports[0].name() + "}\n";
  }
  if (routes.empty()) return text;
  return text +
         "\nroutes:\n  # Stand in for an address of the port in this network; take them out when "
         "it is in.\n" +
         routes;
}

}  // namespace lbd::cli
