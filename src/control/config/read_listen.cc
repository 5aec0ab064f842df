// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "control/config/rules.h"
#include "control/config/sections.h"
#include "control/config/units.h"

namespace lbd::config {
namespace {

constexpr int64_t kLastPort = 65535;
/// A shorter prefix would hold the clients too, whose packets could not be told from forged ones.
constexpr uint8_t kLeastLength = 8;

/// "192.0.2.20:80" into "192.0.2.20" and "80", brackets taken off. No port: the whole is the host.
struct Parts {
  std::string host;
  std::string port;
};

Parts split(const std::string& text) {
  const bool bare_v6 = IpAddress::parse(text).has_value();
  const size_t colon = bare_v6 ? std::string::npos : text.rfind(':');
  Parts parts{text.substr(0, colon), colon == std::string::npos ? "" : text.substr(colon + 1)};
  const bool brackets = parts.host.size() >= 2 && parts.host.front() == '[';
  if (brackets && parts.host.back() == ']')
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  else if (parts.host.find(':') != std::string::npos && !bare_v6)
    parts.host.clear();  // IPv6 with a port needs brackets
  return parts;
}

/// Port, range or 0 for all; nothing where it is none of these.
bool read_ports(const std::string& text, Listen& listen) {
  const size_t dash = text.find('-');
  const auto first = parse_number(text.substr(0, dash));
  const auto last = dash == std::string::npos ? first : parse_number(text.substr(dash + 1));
  if (!first || !last || first.value() < 0 || last.value() > kLastPort) return false;
  if (first.value() > last.value()) return false;
  listen.port = static_cast<uint16_t>(first.value());
  listen.last_port = static_cast<uint16_t>(last.value());
  if (dash == std::string::npos && listen.port == 0) listen.last_port = kLastPort;
  return dash == std::string::npos || listen.port > 0;
}

/// Why nobody can listen there; else empty.
std::string fault_of(const Listen& listen) {
  const IpAddress& address = listen.address;
  if (listen.is_host()) {
    const std::string fault = host_address_fault(address);
    if (!fault.empty()) return fault;
  } else if (!(listen.prefix().network().address == address)) {
    return "has bits behind its length: the prefix is " + listen.prefix().network().to_string();
  } else if (address.is_multicast() || address.is_loopback() || listen.length < kLeastLength) {
    return "is not a prefix of virtual addresses";
  }
  return !address.is_v4() && address.is_link_local() ? "is a link-local address" : "";
}

}  // namespace

std::string Listen::to_string() const {
  if (is_host() && is_one_port()) return Endpoint::to_string();
  const std::string host = is_host() ? address.to_string() : prefix().to_string();
  std::string ports = std::to_string(port);
  if (!is_one_port() && port != 0) ports += "-" + std::to_string(last_port);
  return (address.is_v4() ? host : "[" + host + "]") + ":" + ports;
}

std::optional<Listen> read_listen(const Value& value) {
  const auto text = value.text();
  if (!text) return std::nullopt;
  const auto refuse = [&](const std::string& cause, const std::string& remedy) {
    value.error(cause, remedy);
    return std::nullopt;
  };
  const Parts parts = split(*text);
  const auto prefix = Prefix::parse(parts.host, true);
  Listen listen;
  if (prefix && parts.port.empty())
    return refuse(quote(*text) + " has no port",
                  "write it as \"192.0.2.20:80\" or \"[2001:db8::1]:80\"");
  if (!prefix || !read_ports(parts.port, listen))
    return refuse(quote(*text) + " is not an address and port",
                  "write it as \"192.0.2.20:80\" or \"[2001:db8::1]:80\"");
  listen.address = prefix->address;
  listen.length = prefix->length;
  if (const std::string fault = fault_of(listen); !fault.empty())
    return refuse(parts.host + " " + fault, "listen on a unicast address that clients can reach");
  return listen;
}

}  // namespace lbd::config
