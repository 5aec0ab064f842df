// SPDX-License-Identifier: Apache-2.0
#include "cli/format.h"
#include "cli/table.h"

namespace lbd::cli {

std::string format_health(const Json& result) {
  if (result["checks"].empty()) return "no health checks\n";
  Table table({"Service", "Server", "Check", "State", ">Since", ">Last", ">Failures", "Error"});
  for (const Json& row : result["checks"]) {
    table.row({shown(row, "service"), shown(row, "server"), shown(row, "check"),
               shown(row, "state"), long_time(row["since_s"].get<int64_t>()),
               shown(row, "last_ms") + " ms", shown(row, "failures"), shown(row, "last_error")});
  }
  const Json& summary = result["summary"];
  return table.text() + shown(summary, "checks") + " checks, " + shown(summary, "runs") +
         " runs, the latest " + shown(summary, "latest_ms") + " ms late\n";
}

std::string format_probe(const Json& result) {
  std::string text;
  for (const Json& check : result["checks"]) {
    text += shown(check, "check") + "\n";
    for (const Json& line : check["trace"]) text += "  " + line.get<std::string>() + "\n";
    const bool good = check.value("ok", false);
    text += "  " + (good ? std::string("ok") : "failed: " + shown(check, "reason"));
    if (!check["weight"].is_null()) text += ", weight " + shown(check, "weight");
    text += ", in " + shown(check, "took_ms") + " ms\n";
  }
  return text;
}

}  // namespace lbd::cli
