// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "cli/format.h"

namespace lbd::cli {
namespace {

void per_second(Json& row, const Json& before, double seconds) {
  for (const char* field : {"connections", "packets_in", "packets_out", "bytes_in", "bytes_out"}) {
    const auto now = row[field].get<uint64_t>();
    const auto then = before[field].get<uint64_t>();
    // Less than before: another server of this name; what it had since is all there is.
    const auto more = now >= then ? now - then : now;
    row[field] = static_cast<uint64_t>(std::llround(static_cast<double>(more) / seconds));
  }
}

const Json* same_service(const Json& list, const Json& row) {
  for (const Json& other : list)
    if (other["name"] == row["name"]) return &other;
  return nullptr;
}

const Json* same_server(const Json& list, const Json& row) {
  for (const Json& other : list)
    if (other["address"] == row["address"] && other["port"] == row["port"]) return &other;
  return nullptr;
}

}  // namespace

Json rates(const Json& before, const Json& after, double seconds) {
  Json out{{"services", Json::array()}};
  for (Json service : after["services"]) {
    const Json* const then = same_service(before["services"], service);
    if (!then) continue;
    per_second(service, *then, seconds);
    Json servers = Json::array();
    for (Json server : service["real_servers"]) {
      const Json* const was = same_server((*then)["real_servers"], server);
      if (!was) continue;
      per_second(server, *was, seconds);
      servers.push_back(std::move(server));
    }
    service["real_servers"] = std::move(servers);
    out["services"].push_back(std::move(service));
  }
  return out;
}

}  // namespace lbd::cli
