// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "control/config/map_reader.h"
#include "control/config/read_health.h"
#include "control/config/rules.h"
#include "control/config/sections.h"
#include "control/config/units.h"

namespace lbd::config {
namespace {

constexpr Milliseconds kShortest{100};
constexpr Milliseconds kLongest{24 * 3'600'000};
constexpr Milliseconds kLongestTimeout{600'000};
constexpr size_t kLongestName = 253;  // RFC 1035 2.3.4, without the root's dot
constexpr size_t kLongestLabel = 63;
constexpr size_t kLongestDatagram = 1400;

std::string read_host(MapReader& map, std::string_view key, std::string fallback) {
  const auto value = map.get(key);
  if (!value || value->says("\"\"")) return fallback;
  return value->word(kLongestName).value_or(fallback);
}

SmtpCheck read_smtp(const Value& value) {
  MapReader map(value);
  SmtpCheck check{read_host(map, "helo", host_name())};
  map.finish();
  return check;
}

/// "example.org", with or without the root's dot; "." is the root.
std::string read_dns_name(const Value& value) {
  auto name = value.word(kLongestName + 1).value_or(".");
  if (name != "." && name.back() == '.') name.pop_back();
  if (name == ".") return name;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('.', begin), name.size());
    if (end == begin || end - begin > kLongestLabel || name.size() > kLongestName) {
      value.error(quote(name) + " is no domain name", "write it as example.org, or . for the root");
      return ".";
    }
    begin = end + 1;
  }
  return name;
}

DnsCheck read_dns(const Value& value) {
  MapReader map(value);
  DnsCheck check;
  if (const auto name = map.get("name")) check.name = read_dns_name(*name);
  check.type = map.choice<uint16_t>("type",
                                    {{"A", 1},
                                     {"NS", 2},
                                     {"CNAME", 5},
                                     {"SOA", 6},
                                     {"PTR", 12},
                                     {"MX", 15},
                                     {"TXT", 16},
                                     {"AAAA", 28}},
                                    check.type);
  map.finish();
  return check;
}

/// Text as it is, or bytes as "hex:0a0b".
std::string read_bytes(MapReader& map, std::string_view key) {
  const auto value = map.get(key);
  if (!value || value->says("\"\"")) return {};
  const std::string text = value->text().value_or("");
  if (text.size() > kLongestDatagram) {
    value->error("is longer than 1400 bytes", "shorten it");
    return {};
  }
  if (text.rfind("hex:", 0) != 0) return text;
  const auto bytes = parse_hex(std::string_view(text).substr(4));
  if (bytes) return {bytes->begin(), bytes->end()};
  value->error(quote(text) + " " + bytes.error().message, "write pairs of digits, as hex:0d0a");
  return {};
}

UdpCheck read_udp(const Value& value) {
  MapReader map(value);
  UdpCheck check;
  check.send = read_bytes(map, "send");
  check.expect = read_bytes(map, "expect");
  check.require_reply = map.boolean("require_reply", check.require_reply);
  map.finish();
  return check;
}

ExecCheck read_exec(const Value& value) {
  MapReader map(value);
  ExecCheck check;
  const auto command = map.require("command", "write the program's full path and its arguments");
  if (command) {
    check.command = read_command(*command);
    if (command->says("\"\"")) command->error("is empty", "write the program's full path");
  }
  check.dynamic_weight = map.boolean("dynamic_weight", check.dynamic_weight);
  map.finish();
  return check;
}

void read_nothing(const Value& value) {
  MapReader(value).finish();
}

constexpr std::array<std::string_view, 9> kKinds{"tcp", "http", "https", "smtp", "dns",
                                                 "udp", "ping", "exec",  "none"};

std::optional<IpAddress> read_host_address(MapReader& map, std::string_view key) {
  const auto value = map.get(key);
  if (!value) return std::nullopt;
  const auto address = read_address(*value);
  if (!address) return std::nullopt;
  if (const std::string fault = host_address_fault(*address);
      !fault.empty() && !address->is_loopback()) {
    value->error(address->to_string() + " " + fault, "name the address of a host");
    return std::nullopt;
  }
  return address;
}

void read_timing(MapReader& map, HealthCheck& check) {
  check.interval = map.duration("interval", kShortest, kLongest, check.interval);
  check.timeout = map.duration("timeout", Milliseconds(10), kLongestTimeout, check.timeout);
  check.retries = static_cast<unsigned>(map.number("retries", 0, 1000, check.retries));
  check.retry_delay = map.duration("retry_delay", Milliseconds(0), kLongest, check.retry_delay);
  check.rise = static_cast<unsigned>(map.number("rise", 1, 1000, check.rise));
  check.only_while_held = map.choice<bool>("run", {{"always", false}, {"vip_held", true}}, false);
}

void read_place(MapReader& map, HealthCheck& check) {
  check.address = read_host_address(map, "address");
  if (const auto port = map.get("port"))
    if (const auto number = port->number(1, 65535)) check.port = static_cast<uint16_t>(*number);
  const auto source = map.get("source");
  if (!source) return;
  check.source = read_address(*source);
  if (check.source && check.address && check.source->family() != check.address->family())
    source->error("is of another family than the address", "give addresses of one family");
}

}  // namespace

/// Nothing where the kind is not known, or `none`.
std::optional<HealthCheck> read_health_check(const Value& item) {
  MapReader map(item);
  HealthCheck check;
  std::string_view kind;
  for (const std::string_view known : kKinds) {
    const auto value = map.get(known);
    if (!value) continue;
    if (!kind.empty()) {
      value->error("a second kind beside " + std::string(kind), "make a check of each");
      continue;
    }
    kind = known;
    if (known == "http" || known == "https") {
      check.what = read_http(*value, known == "https");
    } else if (known == "smtp") {
      check.what = read_smtp(*value);
    } else if (known == "dns") {
      check.what = read_dns(*value);
    } else if (known == "udp") {
      check.what = read_udp(*value);
    } else if (known == "exec") {
      check.what = read_exec(*value);
    } else {
      read_nothing(*value);
      if (known == "ping") check.what = PingCheck{};
    }
  }
  read_place(map, check);
  read_timing(map, check);
  map.finish();
  const bool is_map = item.node().kind == Node::Kind::kMap;
  if (kind.empty() && is_map &&
      std::none_of(kKinds.begin(), kKinds.end(), [&](auto known) { return map.has(known); }))
    item.error("says no kind of check",
               "write tcp, http, https, smtp, dns, udp, ping, exec or none, as tcp: {}");
  if (kind.empty() || kind == "none") return std::nullopt;
  return check;
}

}  // namespace lbd::config
