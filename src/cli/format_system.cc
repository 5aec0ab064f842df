// SPDX-License-Identifier: Apache-2.0
#include "cli/format.h"
#include "cli/table.h"

namespace lbd::cli {
namespace {

std::string workers_table(const Json& workers) {
  Table table({">worker", ">core", ">generation", ">busy %", ">connections", ">table %"});
  for (const Json& worker : workers)
    table.row({shown(worker, "worker"), shown(worker, "core"), shown(worker, "generation"),
               percent(worker.value("busy", 0.0)), shown(worker, "connections"),
               percent(worker.value("table_fill", 0.0))});
  return table.text();
}

std::string ports_table(const Json& ports) {
  Table table(
      {"port", "device", "link", "MAC", ">MTU", ">queues", "steering", ">missed", ">no mbuf"});
  for (const Json& port : ports)
    table.row({shown(port, "name"), shown(port, "device"), shown(port, "link"), shown(port, "mac"),
               shown(port, "mtu"), shown(port, "queues"), shown(port, "steering"),
               shown(port, "missed"), shown(port, "no_mbuf")});
  return table.text();
}

std::string pools_table(const Json& pools) {
  Table table({"pool", ">used", ">size"});
  for (const Json& pool : pools)
    table.row({shown(pool, "name"), shown(pool, "used"), shown(pool, "size")});
  return table.text();
}

std::string local_addresses_table(const Json& pools) {
  Table table({"fullnat by", ">local addresses", ">ports used", ">refused"});
  for (const Json& pool : pools)
    table.row({shown(pool, "port"), shown(pool, "addresses"), shown(pool, "used"),
               shown(pool, "refused")});
  return table.text();
}

/// What is not zero, a column for the sum and one for each worker.
void add_counts(Table& table, const Json& result, const char* group) {
  for (const auto& [name, value] : result[group].items()) {
    if (value == 0) continue;
    std::vector<std::string> cells{name, value.dump()};
    for (const Json& worker : result["workers"]) cells.push_back(worker[group][name].dump());
    table.row(std::move(cells));
  }
}

void add_plain(Table& table, const Json& result, const char* name) {
  std::vector<std::string> cells{name, shown(result, name)};
  for (const Json& worker : result["workers"]) cells.push_back(shown(worker, name));
  table.row(std::move(cells));
}

Table worker_columns(const Json& result, const std::string& title) {
  std::vector<std::string> titles{title, ">all"};
  for (const Json& worker : result["workers"])
    titles.push_back(">worker " + worker["worker"].dump());
  return Table(std::move(titles));
}

}  // namespace

std::string format_status(const Json& result) {
  std::string text = "lbd " + shown(result, "version") + " on " + shown(result, "name") + ", up " +
                     long_time(result.value("uptime_s", int64_t{0})) + ", generation " +
                     shown(result, "generation") + ", file " + shown(result, "config_hash") + "\n";
  text += "\n" + workers_table(result["workers"]) + "\n" + ports_table(result["ports"]) + "\n" +
          pools_table(result["pools"]);
  const Json local = result.value("local_addresses", Json::array());
  if (!local.empty()) text += "\n" + local_addresses_table(local);
  for (const Json& row : result.value("overrides_without_server", Json::array()))
    text += "override waits for a server that the file does not name: " + shown(row, "service") +
            " " + shown(row, "server") + "\n";
  return text;
}

std::string format_counters(const Json& result) {
  Table in = worker_columns(result, "packets in");
  for (const char* name : {"received", "handed_in", "from_tap", "own"}) add_plain(in, result, name);
  Table out = worker_columns(result, "verdict");
  add_counts(out, result, "verdicts");
  add_plain(out, result, "held");
  Table events = worker_columns(result, "event");
  add_counts(events, result, "events");
  Table ports({"port", ">received", ">forwarded", ">sent", ">missed", ">no mbuf", ">rx errors",
               ">tx errors", ">to kernel", ">from kernel"});
  for (const Json& port : result["ports"])
    ports.row({shown(port, "name"), shown(port, "received"), shown(port, "forwarded"),
               shown(port, "sent"), shown(port, "missed"), shown(port, "no_mbuf"),
               shown(port, "rx_errors"), shown(port, "tx_errors"), shown(port, "to_kernel"),
               shown(port, "from_kernel")});
  return in.text() + "\n" + out.text() + "\n" + events.text() + "\n" + ports.text();
}

std::string format_neighbours(const Json& result) {
  Table table({"address", "port", "MAC", "state", "kernel", "kept fresh"});
  for (const Json& row : result["neighbours"])
    table.row({shown(row, "address"), shown(row, "port"), shown(row, "mac"), shown(row, "state"),
               shown(row, "kernel_state"), row.value("managed", false) ? "yes" : "no"});
  return table.text();
}

std::string format_routes(const Json& result) {
  Table table({"to", "via", "port", ">metric", "protocol"});
  for (const Json& row : result["routes"]) {
    std::vector<std::string> cells{shown(row, "to"), "", "", shown(row, "metric"),
                                   shown(row, "protocol")};
    if (row["next_hops"].empty()) cells[1] = "unreachable";
    for (const Json& hop : row["next_hops"]) {
      cells[1] = hop["via"].is_null() ? "on-link" : shown(hop, "via");
      cells[2] = shown(hop, "port");
      if (&hop != &row["next_hops"].back()) {
        table.row(cells);
        cells = {"", "", "", "", ""};
      }
    }
    table.row(std::move(cells));
  }
  return table.text();
}

std::string hop_text(const Json& way) {
  const Json hop = way.value("next_hop", Json());
  if (hop.is_null()) return "-";
  return shown(hop, "state") + ", MAC " + shown(hop, "mac") + ", port " + shown(hop, "port");
}

std::string format_explain(const Json& result) {
  std::string text = "service:  " + shown(result, "service") + "\n" +
                     "server:   " + shown(result, "server") + "\n" +
                     "reason:   " + shown(result, "reason") + "\n" +
                     "rewrite:  " + shown(result, "rewrite") + "\n";
  text += "next hop: " + hop_text(result);
  text += "\nworker:   " + shown(result, "worker") + "\n";
  for (const Json& candidate : result.value("candidates", Json::array())) {
    text += "candidate " + shown(candidate, "server") + ", weight " + shown(candidate, "weight") +
            ": " + hop_text(candidate);
    if (candidate.contains("fits"))
      text += std::string(candidate["fits"].get<bool>() ? ", fits" : ", is longer than") +
              " the MTU of " + shown(candidate, "mtu");
    text += "\n";
  }
  return text;
}

}  // namespace lbd::cli
