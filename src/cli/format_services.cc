// SPDX-License-Identifier: Apache-2.0
#include "cli/format.h"
#include "cli/table.h"

namespace lbd::cli {
namespace {

constexpr size_t kServerColumn = 32;

std::string forward_name(const std::string& method) {
  if (method == "dr") return "Route";
  if (method == "nat") return "Masq";
  if (method == "tun") return "Tunnel";
  if (method == "local") return "Local";
  return "FullNat";
}

std::string server_line(const Json& service, const Json& server) {
  std::string line = pad("  -> " + server_name(service, server), kServerColumn + 2);
  line += pad(forward_name(server["forwarding"]), 8);
  line += pad(shown(server, "weight"), 7);
  line += pad(shown(server, "active_connections"), 11);
  line += pad(shown(server, "inactive_connections"), 10);
  line += pad(shown(server, "state"), 9);
  const bool same = server["weight"] == server["configured_weight"];
  line += pad(same ? "-" : shown(server, "configured_weight"), 7);
  line += server.value("reason", "");
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

/// One line for each listen: how ipvsadm shows a service that is several there.
std::string listen_lines(const Json& service, const std::string& behind) {
  std::string text;
  for (const Json& listen : service["listen"])
    text += upper(service["protocol"]) + "  " + listen.get<std::string>() + behind + "\n";
  return text;
}

std::string traffic_cells(const Json& row) {
  std::string line;
  for (const char* field : {"connections", "packets_in", "packets_out", "bytes_in", "bytes_out"}) {
    const std::string number = short_number(row[field].get<uint64_t>());
    line += std::string(number.size() < 9 ? 9 - number.size() : 1, ' ') + number;
  }
  return line + "\n";
}

std::string traffic_table(const Json& result, const std::string& title) {
  std::string text = title + "  -> RemoteAddress:Port\n";
  for (const Json& service : result["services"]) {
    std::string first = "-";
    if (!service["listen"].empty()) first = service["listen"][0].get<std::string>();
    text += pad(upper(service["protocol"]) + "  " + first, kServerColumn) + traffic_cells(service);
    for (const Json& server : service["real_servers"])
      text += pad("  -> " + server_name(service, server), kServerColumn) + traffic_cells(server);
  }
  return text;
}

}  // namespace

std::string format_services(const Json& result) {
  std::string text =
      "Prot LocalAddress:Port Scheduler Flags\n"
      "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn State    File   Why\n";
  for (const Json& service : result["services"]) {
    std::string flags =
        std::string(" ") + shown(service, "scheduler") + "  (" + shown(service, "name");
    if (service.value("removed", false)) flags += ", removed";
    if (!service.value("quorum", true)) flags += ", no quorum";
    if (!service.value("held", true)) flags += ", not held here";
    text += listen_lines(service, flags + ")");
    for (const Json& server : service["real_servers"]) text += server_line(service, server);
  }
  return text;
}

std::string format_stats(const Json& result) {
  return traffic_table(
      result, "Prot LocalAddress:Port              Conns   InPkts  OutPkts  InBytes OutBytes\n");
}

std::string format_rates(const Json& result) {
  return traffic_table(
      result, "Prot LocalAddress:Port                CPS    InPPS   OutPPS    InBPS   OutBPS\n");
}

std::string format_connections(const Json& result, bool title) {
  std::string text;
  if (title)
    text = "pro expire state       source                 virtual                destination\n";
  for (const Json& row : result["connections"]) {
    text += upper(row["protocol"]) + " " + pad(minutes(row["expires_s"].get<int64_t>()), 7) +
            pad(row["state"], 12) + pad(row["client"], 23) + pad(row["virtual"], 23) +
            row["server"].get<std::string>() + "\n";
  }
  return text;
}

}  // namespace lbd::cli
