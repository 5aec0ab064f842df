// SPDX-License-Identifier: Apache-2.0
#include "control/config/rules.h"
#include "control/config/sections.h"

namespace lbd::config {
namespace {

/// "192.0.2.20:80" into "192.0.2.20" and "80", brackets taken off. No port: the whole is the host.
struct Parts {
  std::string host;
  std::string port;
};

Parts split(const std::string& text) {
  const bool bare_v6 = IpAddress::parse(text).has_value();
  const size_t colon = bare_v6 ? std::string::npos : text.rfind(':');
  Parts parts{text.substr(0, colon), colon == std::string::npos ? "" : text.substr(colon + 1)};
  if (parts.host.size() >= 2 && parts.host.front() == '[' && parts.host.back() == ']')
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  return parts;
}

/// A listen that the file's form allows and lbd cannot serve yet: its feature; else empty.
std::string feature_to_come(const Parts& parts) {
  const bool address = IpAddress::parse(parts.host).has_value();
  if (!address && Prefix::parse(parts.host)) return "a prefix";
  const size_t dash = parts.port.find('-');
  const bool digits = parts.port.find_first_not_of("0123456789-") == std::string::npos;
  if (address && digits && dash != std::string::npos && dash > 0) return "a range of ports";
  return address && parts.port == "0" ? "port 0 (any)" : "";
}

}  // namespace

std::optional<Endpoint> read_listen(const Value& value) {
  const auto text = value.text();
  if (!text) return std::nullopt;
  const auto refuse = [&](const std::string& cause, const std::string& remedy) {
    value.error(cause, remedy);
    return std::nullopt;
  };
  const Parts parts = split(*text);
  const std::string to_come = feature_to_come(parts);
  if (!to_come.empty())
    return refuse(quote(*text) + ": " + to_come + " is not supported yet",
                  "write one address and one port, as \"192.0.2.20:80\"");
  const auto endpoint = Endpoint::parse(*text);
  if (!endpoint) {
    const bool no_port = parts.port.empty() && IpAddress::parse(parts.host);
    return refuse(quote(*text) + (no_port ? " has no port" : " is not an address and port"),
                  "write it as \"192.0.2.20:80\" or \"[2001:db8::1]:80\"");
  }
  std::string fault = host_address_fault(endpoint->address);
  if (fault.empty() && !endpoint->address.is_v4() && endpoint->address.is_link_local())
    fault = "is a link-local address";
  if (!fault.empty())
    return refuse(endpoint->address.to_string() + " " + fault,
                  "listen on a unicast address that clients can reach");
  return endpoint;
}

}  // namespace lbd::config
