// SPDX-License-Identifier: Apache-2.0
#include "cli/format.h"
#include "cli/table.h"

namespace lbd::cli {
namespace {

std::string priority_of(const Json& row) {
  const std::string effective = shown(row, "effective_priority");
  const std::string configured = shown(row, "priority");
  return effective == configured ? effective : effective + " (of " + configured + ")";
}

std::string errors_of(const Json& row) {
  std::string out;
  for (const auto& [kind, count] : row["errors"].items())
    if (count != 0) out += (out.empty() ? "" : ", ") + kind + " " + count.dump();
  return out;
}

/// What a person should know of one instance beyond its row.
std::string remarks_of(const Json& row) {
  std::string out;
  const auto add = [&](const std::string& what, const std::string& text) {
    if (!text.empty()) out += "  " + shown(row, "name") + ": " + what + text + "\n";
  };
  add("", shown(row, "reason"));
  if (!row["virtual_mac"].is_null()) add("virtual MAC address ", shown(row, "virtual_mac"));
  add("priority: ", row["priority_reason"].get<std::string>());
  add("refused advertisements: ", errors_of(row));
  if (row["two_masters"] != 0)
    add("two masters seen: ", row["two_masters"].dump() + " advertisements");
  return out;
}

}  // namespace

std::string format_vrrp(const Json& result) {
  Table table({"instance", "link", ">id", "state", "since", "priority", "master", ">sent",
               ">received", "addresses"});
  std::string remarks;
  for (const Json& row : result["instances"]) {
    std::string addresses;
    for (const Json& address : row["virtual_addresses"])
      addresses += (addresses.empty() ? "" : " ") + address.get<std::string>();
    table.row({shown(row, "name"), shown(row, "interface"), shown(row, "virtual_router_id"),
               shown(row, "state"), long_time(row["since_s"].get<int64_t>()), priority_of(row),
               shown(row, "master"), shown(row, "advertisements_sent"),
               shown(row, "advertisements_received"), addresses});
    remarks += remarks_of(row);
  }
  std::string out = table.text() + remarks;
  for (const Json& group : result["sync_groups"])
    out += "sync group " + shown(group, "name") + ": " + shown(group, "state") + "\n";
  if (result["maintenance"].get<bool>()) out += "maintenance: on\n";
  return out;
}

}  // namespace lbd::cli
