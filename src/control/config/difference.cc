// SPDX-License-Identifier: Apache-2.0
#include "control/config/difference.h"

#include <algorithm>
#include <map>
#include <utility>

#include "control/config/difference_vrrp.h"
#include "control/config/route_text.h"
#include "control/config/units.h"

namespace lbd::config {
namespace {

using Lines = std::vector<std::string>;

std::string arrow(const std::string& before, const std::string& after) {
  return before + " -> " + after;
}

/// Reports what is in one list and not in the other, in the lists' order. `text` names an item;
/// items of one text are the same. Calls `common(before, after)` for what is in both.
template <class T, class Text, class Common>
void compare(Lines& lines, const std::string& what, const std::vector<T>& before,
             const std::vector<T>& after, Text text, Common common) {
  // As most files are read again: the same items in the same order.
  const auto same_name = [&](const T& a, const T& b) { return text(a) == text(b); };
  if (std::ranges::equal(before, after, same_name)) {
    for (size_t i = 0; i < before.size(); ++i) common(before[i], after[i]);
    return;
  }
  std::map<std::string, const T*> old;
  for (const T& item : before) old.emplace(text(item), &item);
  std::map<std::string, const T*> added;
  for (const T& item : after) added.emplace(text(item), &item);
  for (const T& item : before)
    if (!added.contains(text(item))) lines.push_back(what + text(item) + ": removed");
  for (const T& item : after) {
    const auto found = old.find(text(item));
    if (found == old.end()) {
      lines.push_back(what + text(item) + ": added");
    } else {
      common(*found->second, item);
    }
  }
}

std::string mss_text(const MssPolicy& mss) {
  if (mss.kind == MssPolicy::Kind::kFixed) return std::to_string(mss.value);
  return mss.kind == MssPolicy::Kind::kOff ? "off" : "auto";
}

/// "dr", "tun ipip", "tun gue 6080"
std::string way_text(const RealServer& server) {
  if (server.forwarding != Forwarding::kTun) return to_text(server.forwarding);
  std::string out = to_text(server.forwarding) + " " + to_text(server.tunnel.type);
  if (server.tunnel.type == TunnelType::kGue) out += " " + std::to_string(server.tunnel.port);
  return out;
}

std::string told_text(ClientAddress what) {
  static constexpr const char* kNames[] = {"none", "toa", "proxy-v2"};
  return kNames[static_cast<size_t>(what)];
}

constexpr auto kNothingMore = [](const auto&, const auto&) {};

void compare_daemon(Lines& lines, const Daemon& before, const Daemon& after) {
  if (before.name != after.name) lines.push_back("lbd: name " + arrow(before.name, after.name));
  if (before.log_level != after.log_level)
    lines.push_back("lbd: log level " + arrow(to_text(before.log_level), to_text(after.log_level)));
  if (before.log_format != after.log_format)
    lines.push_back("lbd: log format " +
                    arrow(to_text(before.log_format), to_text(after.log_format)));
}

void compare_numbers(Lines& lines, const std::string& what, uint32_t before, uint32_t after) {
  if (before != after) lines.push_back(what + arrow(std::to_string(before), std::to_string(after)));
}

std::string flags_text(const Service& service) {
  const std::string name(name_of(service.scheduler));
  std::string out;
  if (service.scheduler_options.fallback) out += name + "-fallback";
  if (service.scheduler_options.port) out += (out.empty() ? "" : " ") + name + "-port";
  return out.empty() ? "none" : out;
}

std::string persistence_text(const Persistence& persistence) {
  if (!persistence.timeout) return "off";
  return "{timeout: " + format_duration(*persistence.timeout) +
         ", prefix4: " + std::to_string(persistence.prefix4) +
         ", prefix6: " + std::to_string(persistence.prefix6) +
         ", on_quiesce: " + (persistence.keep_quiesced ? "keep" : "expire") + "}";
}

void compare_clients(Lines& lines, const std::string& service, const Service& before,
                     const Service& after) {
  if (before.persistence != after.persistence)
    lines.push_back(
        service + "persistence " +
        arrow(persistence_text(before.persistence), persistence_text(after.persistence)));
  compare_numbers(lines, service + "limits.new_per_second ", before.limits.service,
                  after.limits.service);
  compare_numbers(lines, service + "limits.new_per_second_per_client ", before.limits.client,
                  after.limits.client);
  if (before.one_packet != after.one_packet)
    lines.push_back(service + "one_packet " +
                    (after.one_packet ? "false -> true" : "true -> false"));
}

void compare_servers(Lines& lines, const std::string& service, const Service& before,
                     const Service& after) {
  const auto text = [](const RealServer& server) { return to_text(server); };
  compare(lines, service + "real server ", before.real_servers, after.real_servers, text,
          [&](const RealServer& old, const RealServer& now) {
            const std::string server = service + "real server " + to_text(now) + ": ";
            if (old.forwarding != now.forwarding || old.tunnel != now.tunnel)
              lines.push_back(server + "forwarding " + arrow(way_text(old), way_text(now)));
            if (old.weight != now.weight)
              lines.push_back(server + "weight " +
                              arrow(std::to_string(old.weight), std::to_string(now.weight)));
            compare_numbers(lines, server + "max_connections ", old.max_connections,
                            now.max_connections);
            compare_numbers(lines, server + "min_connections ", old.min_connections,
                            now.min_connections);
            if (old.health.inhibit_on_failure != now.health.inhibit_on_failure)
              lines.push_back(server + "inhibit_on_failure " +
                              (now.health.inhibit_on_failure ? "true" : "false"));
            if (old.health.checks != now.health.checks) lines.push_back(server + "health checks");
          });
}

void compare_health(Lines& lines, const std::string& service, const ServiceHealth& before,
                    const ServiceHealth& after) {
  const auto differs = [&](bool same, const char* what) {
    if (!same) lines.push_back(service + what);
  };
  differs(before.checks == after.checks, "health checks");
  differs(before.initial_up == after.initial_up, after.initial_up ? "initial up" : "initial down");
  differs(before.quorum == after.quorum, "quorum");
  differs(before.notify == after.notify, "notify");
  if (before.on_down != after.on_down)
    lines.push_back(service + "on_down " + arrow(to_text(before.on_down), to_text(after.on_down)));
  if (before.on_removal != after.on_removal)
    lines.push_back(service + "on_removal " +
                    (after.on_removal == OnRemoval::kReset ? "drain -> reset" : "reset -> drain"));
  if (before.slow_start != after.slow_start)
    lines.push_back(service + "slow_start " +
                    arrow(format_duration(before.slow_start), format_duration(after.slow_start)));
  const auto text = [](const std::optional<SorryServer>& sorry) {
    return sorry ? sorry->to_string() : "none";
  };
  if (before.sorry_server != after.sorry_server)
    lines.push_back(service + "sorry server " +
                    arrow(text(before.sorry_server), text(after.sorry_server)));
}

void compare_service(Lines& lines, const Service& before, const Service& after) {
  if (before == after) return;
  const std::string service = "service " + after.name + ": ";
  if (before.protocol != after.protocol)
    lines.push_back(service + "protocol " +
                    arrow(to_text(before.protocol), to_text(after.protocol)));
  compare(
      lines, service + "listen ", before.listen, after.listen,
      [](const Listen& listen) { return listen.to_string(); }, kNothingMore);
  if (before.scheduler != after.scheduler)
    lines.push_back(service + "scheduler " +
                    arrow(to_text(before.scheduler), to_text(after.scheduler)));
  if (before.forwarding != after.forwarding)
    lines.push_back(service + "forwarding " +
                    arrow(to_text(before.forwarding), to_text(after.forwarding)));
  if (flags_text(before) != flags_text(after))
    lines.push_back(service + "scheduler_flags " + arrow(flags_text(before), flags_text(after)));
  compare_numbers(lines, service + "mh_table_size ", before.scheduler_options.table_size,
                  after.scheduler_options.table_size);
  if (before.mss != after.mss)
    lines.push_back(service + "mss " + arrow(mss_text(before.mss), mss_text(after.mss)));
  if (before.client_address != after.client_address)
    lines.push_back(service + "client_address " +
                    arrow(told_text(before.client_address), told_text(after.client_address)));
  compare_clients(lines, service, before, after);
  if (before.drain_timeout != after.drain_timeout)
    lines.push_back(
        service + "drain_timeout " +
        arrow(format_duration(before.drain_timeout), format_duration(after.drain_timeout)));
  compare(
      lines, service + "local port ", before.local_ports, after.local_ports,
      [](uint16_t port) { return std::to_string(port); }, kNothingMore);
  compare_health(lines, service, before.health, after.health);
  compare_servers(lines, service, before, after);
}

}  // namespace

std::vector<std::string> difference(const Config& before, const Config& after) {
  Lines lines;
  compare_daemon(lines, before.daemon, after.daemon);
  compare(
      lines, "port ", before.ports, after.ports, [](const Port& port) { return port.name; },
      [&](const Port& old, const Port& now) {
        compare(
            lines, "port " + now.name + ": address ", old.addresses, now.addresses,
            [](const Prefix& prefix) { return prefix.to_string(); }, kNothingMore);
        compare(
            lines, "port " + now.name + ": local address ", old.local_addresses,
            now.local_addresses, [](const IpAddress& address) { return address.to_string(); },
            kNothingMore);
      });
  compare(lines, "route ", before.routes, after.routes, route_text<Route>, kNothingMore);
  compare_vrrp(lines, before.vrrp, after.vrrp);
  compare(
      lines, "service ", before.services, after.services,
      [](const Service& service) -> const std::string& { return service.name; },
      [&](const Service& old, const Service& now) { compare_service(lines, old, now); });
  return lines;
}

std::string to_text(LogLevel level) {
  static constexpr const char* kNames[] = {"trace", "debug", "info", "warn", "error"};
  return kNames[static_cast<size_t>(level)];
}

std::string to_text(LogFormat format) {
  return format == LogFormat::kText ? "text" : "json";
}

std::string to_text(Protocol protocol) {
  if (protocol == Protocol::kSctp) return "sctp";
  return protocol == Protocol::kTcp ? "tcp" : "udp";
}

std::string to_text(SchedulerKind scheduler) {
  return std::string(name_of(scheduler));
}

std::string to_text(Forwarding forwarding) {
  switch (forwarding) {
    case Forwarding::kNat:
      return "nat";
    case Forwarding::kFullnat:
      return "fullnat";
    case Forwarding::kTun:
      return "tun";
    case Forwarding::kLocal:
      return "local";
    case Forwarding::kDr:
      break;
  }
  return "dr";
}

std::string to_text(TunnelType type) {
  static constexpr const char* kNames[] = {"ipip", "gre", "gue"};
  return kNames[static_cast<size_t>(type)];
}

std::string to_text(OnDown on_down) {
  static constexpr const char* kNames[] = {"keep", "reset", "reschedule"};
  return kNames[static_cast<size_t>(on_down)];
}

std::string to_text(const RealServer& server) {
  return server.port ? Endpoint{server.address, *server.port}.to_string()
                     : server.address.to_string();
}

}  // namespace lbd::config
