// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/command_line.h"

// Replies as tables for people. Where ipvsadm has such a table, the columns stand as it has them.
namespace lbd::cli {

/// The text for a verb's result, ended by a newline; empty where nothing needs saying.
std::string format(const Command& command, const Json& result);

std::string format_status(const Json& result);
/// As `ipvsadm -Ln`; behind it the state, the weight in the file where it differs, and why.
std::string format_services(const Json& result);
/// As `ipvsadm -Ln --stats`.
std::string format_stats(const Json& result);
/// As `ipvsadm -Ln --rate`; takes what rates() made.
std::string format_rates(const Json& result);
/// As `ipvsadm -Lnc`; the title only with the first page.
std::string format_connections(const Json& result, bool title);
std::string format_counters(const Json& result);
std::string format_neighbours(const Json& result);
std::string format_routes(const Json& result);
std::string format_health(const Json& result);
std::string format_probe(const Json& result);
std::string format_explain(const Json& result);
std::string format_vrrp(const Json& result);

/// One line: the time, and the event in words.
std::string format_event(const Json& event);

/// What came between two results of stats, per second: the same shape, services that are in both.
Json rates(const Json& before, const Json& after, double seconds);

/// "TCP" for "tcp".
std::string upper(std::string text);
/// A field as text; "-" where it is null or missing.
std::string shown(const Json& row, const char* field);
/// address:port of a real server; the address alone where several ports are listened on.
std::string server_name(const Json& service, const Json& server);

}  // namespace lbd::cli
