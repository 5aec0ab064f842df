// SPDX-License-Identifier: Apache-2.0
#include "cli/format.h"

#include <cctype>

namespace lbd::cli {
namespace {

std::string format_reload(const Command& command, const Json& result) {
  std::string text;
  for (const Json& change : result["changes"]) text += change.get<std::string>() + "\n";
  if (command.arguments.value("dry_run", false))
    return text.empty() ? "nothing would change\n" : text;
  if (text.empty()) text = "nothing changed\n";
  return text + "generation " + shown(result, "generation") + "\n";
}

}  // namespace

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::string shown(const Json& row, const char* field) {
  const auto found = row.find(field);
  if (found == row.end() || found->is_null()) return "-";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

std::string server_name(const Json& service, const Json& server) {
  const auto address = server["address"].get<std::string>();
  const bool v6 = address.find(':') != std::string::npos;
  std::string port;
  if (!server["port"].is_null()) {
    port = server["port"].dump();
  } else if (service["listen"].size() == 1) {
    const auto listen = service["listen"][0].get<std::string>();
    port = listen.substr(listen.rfind(':') + 1);
  }
  if (port.empty()) return address;
  return (v6 ? "[" + address + "]" : address) + ":" + port;
}

std::string format_event(const Json& event) {
  return shown(event, "at") + " " + shown(event, "text") + "\n";
}

std::string format(const Command& command, const Json& result) {
  if (command.verb == "status") return format_status(result);
  if (command.verb == "services") return format_services(result);
  if (command.verb == "stats") return command.rate ? format_rates(result) : format_stats(result);
  if (command.verb == "counters") return format_counters(result);
  if (command.verb == "neighbours") return format_neighbours(result);
  if (command.verb == "routes") return format_routes(result);
  if (command.verb == "explain") return format_explain(result);
  if (command.verb == "vrrp" && !command.arguments.contains("step_down"))
    return format_vrrp(result);
  if (command.verb == "health") return format_health(result);
  if (command.verb == "probe") return format_probe(result);
  if (command.verb == "reload") return format_reload(command, result);
  return "";
}

}  // namespace lbd::cli
