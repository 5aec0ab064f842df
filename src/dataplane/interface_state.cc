// SPDX-License-Identifier: Apache-2.0
#include "dataplane/interface_state.h"

#include <spdlog/fmt/fmt.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>

#include "dataplane/device_lock.h"

namespace lbd {
namespace {

using Messages = std::vector<std::vector<uint8_t>>;

std::string sysctl_path(const std::string& name) {
  return fmt::format("/proc/sys/net/ipv6/conf/{}/disable_ipv6", name);
}

nlohmann::json to_hex(const Messages& messages) {
  nlohmann::json out = nlohmann::json::array();
  for (const auto& message : messages) {
    std::string text;
    for (uint8_t byte : message) text += fmt::format("{:02x}", byte);
    out.push_back(std::move(text));
  }
  return out;
}

Messages from_hex(const nlohmann::json& json) {
  Messages out;
  for (const auto& entry : json) {
    const auto text = entry.get<std::string>();
    std::vector<uint8_t> bytes;
    for (size_t i = 0; i + 1 < text.size(); i += 2)
      bytes.push_back(static_cast<uint8_t>(std::stoul(text.substr(i, 2), nullptr, 16)));
    // A message says its own length first; one that was cut short must not reach the kernel.
    uint32_t length = 0;
    if (bytes.size() < 16) throw std::invalid_argument("netlink message cut short");
    std::memcpy(&length, bytes.data(), sizeof(length));
    if (length != bytes.size()) throw std::invalid_argument("netlink message cut short");
    out.push_back(std::move(bytes));
  }
  return out;
}

}  // namespace

std::string interface_key(const std::string& name, uint64_t network_namespace) {
  return fmt::format("interface-{}@{}", name, network_namespace);
}

std::string state_path(const std::string& key) {
  return fmt::format("{}/{}.state", kRunDirectory, key);
}

std::string read_disable_ipv6(const std::string& name) {
  std::ifstream in(sysctl_path(name));
  std::string value;
  in >> value;
  return value;
}

bool write_disable_ipv6(const std::string& name, const std::string& value) {
  std::ofstream out(sysctl_path(name));
  out << value << std::flush;
  return out.good();
}

Result<InterfaceState> read_present_state(const std::string& name) {
  InterfaceState out;
  out.name = name;
  out.network_namespace = interface::network_namespace();
  out.index = interface::index(name);
  out.flags = interface::flags(name);
  out.mtu = interface::mtu(name);
  out.gro = interface::gro(name);
  out.disable_ipv6 = read_disable_ipv6(name);
  auto addressing = interface::dump_addressing(out.index);
  if (!addressing) return addressing.error();
  out.addressing = std::move(*addressing);
  return out;
}

Status apply_state(const InterfaceState& state) {
  Status out = Done{};
  const auto note = [&](const Status& status) {
    if (out && !status) out = status;
  };
  if (state.mtu != 0) note(interface::set_mtu(state.name, state.mtu));
  if (interface::gro(state.name) != state.gro) note(interface::set_gro(state.name, state.gro));
  note(interface::set_flags(state.name, state.flags));
  if (!state.disable_ipv6.empty()) write_disable_ipv6(state.name, state.disable_ipv6);
  note(interface::restore_addressing(state.addressing));
  return out;
}

std::string encode_state(const InterfaceState& state) {
  const nlohmann::json json = {{"interface", state.name},
                               {"network_namespace", state.network_namespace},
                               {"index", state.index},
                               {"up", state.flags.up},
                               {"promiscuous", state.flags.promiscuous},
                               {"all_multicast", state.flags.all_multicast},
                               {"mtu", state.mtu},
                               {"gro", state.gro},
                               {"disable_ipv6", state.disable_ipv6},
                               {"addresses", to_hex(state.addressing.addresses)},
                               {"routes", to_hex(state.addressing.routes)}};
  return json.dump(2) + "\n";
}

Result<InterfaceState> decode_state(const std::string& text) {
  try {
    const auto json = nlohmann::json::parse(text);
    InterfaceState out;
    out.name = json.at("interface").get<std::string>();
    out.network_namespace = json.at("network_namespace").get<uint64_t>();
    out.index = json.at("index").get<unsigned>();
    out.flags = {json.at("up").get<bool>(), json.at("promiscuous").get<bool>(),
                 json.at("all_multicast").get<bool>()};
    out.mtu = json.at("mtu").get<uint16_t>();
    out.gro = json.at("gro").get<bool>();
    out.disable_ipv6 = json.at("disable_ipv6").get<std::string>();
    out.addressing = {from_hex(json.at("addresses")), from_hex(json.at("routes"))};
    return out;
  } catch (const std::exception& error) {
    return Error{error.what()};
  }
}

Status save_state(const InterfaceState& state) {
  const std::string path = state_path(interface_key(state.name, state.network_namespace));
  const std::string part = path + ".part";
  {
    std::ofstream out(part, std::ios::trunc);
    out << encode_state(state) << std::flush;
    if (!out.good()) return Error{fmt::format("{}: {}", part, std::strerror(errno))};
  }
  if (std::rename(part.c_str(), path.c_str()) != 0)
    return Error{fmt::format("{}: {}", path, std::strerror(errno))};
  return Done{};
}

}  // namespace lbd
