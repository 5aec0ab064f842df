// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "control/config/draft.h"

// The sections of the file, one function each. They report what is wrong within the section and
// return what could be read; checks.h has the rest.
namespace lbd::config {

class MapReader;

/// The worker where `dataplane.worker_cores` is not given.
inline constexpr unsigned kDefaultWorkerCore = 1;

/// The name where `lbd.name` is not given: the host's.
std::string host_name();

Daemon read_daemon(const Value& section);
Dataplane read_dataplane(const Value& section);
PortDraft read_port(const Value& item);
/// Nothing where the destination cannot be read.
std::optional<RouteDraft> read_route(const Value& item);
/// Adds what one file says to `draft`.
void read_vrrp(const Value& section, VrrpDraft& draft);
VrrpInstanceDraft read_vrrp_instance(const Value& item);
ServiceDraft read_service(const Value& item);
/// scheduler, scheduler_flags and mh_table_size.
void read_scheduler(MapReader& map, Service& service);
/// persistence, limits and one_packet.
void read_clients(MapReader& map, Service& service);
/// "192.0.2.138", "192.0.2.138:80", "2001:db8::1" or "[2001:db8::1]:80", of a host or the director
/// itself (loopback). False where it is none.
bool read_server_address(const Value& value, IpAddress& out, std::optional<uint16_t>& port);

inline constexpr const char* kForwardingRemedy = "write dr, nat, fullnat or tun";
/// How a service or a real server is forwarded to. Nothing where that cannot be read.
std::optional<Forwarding> read_forwarding(const Value& value);
/// `inherited`: the service's forwarding. Nothing where the address or the forwarding cannot be
/// read.
std::optional<RealServer> read_real_server(const Value& item, Forwarding inherited);

/// "10.0.0.1:80" or "[2001:db8::1]:80"; a prefix for the address, a range or 0 for the port.
std::optional<Listen> read_listen(const Value& value);
std::optional<Device> read_device(const Value& value);
std::optional<IpAddress> read_address(const Value& value);
/// "/path/to/program argument 'another one'"; "" is no command.
CommandLine read_command(const Value& value);

}  // namespace lbd::config
