// SPDX-License-Identifier: Apache-2.0
#include "cli/run.h"

#include <chrono>
#include <iostream>
#include <optional>
#include <thread>

#include "cli/format.h"
#include "cli/import/run_import.h"

namespace lbd::cli {
namespace {

void print(const Command& command, const Json& result) {
  if (command.json)
    std::cout << result.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
  else
    std::cout << format(command, result);
}

/// A server that fails a check is no failure of lbctl's, but scripts want to know.
Status run_probe(Client& client, const Command& command) {
  const auto result = client.ask(command.verb, command.arguments);
  if (!result) return result.error();
  print(command, result.value());
  for (const Json& check : result.value()["checks"])
    if (!check.value("ok", false)) return Error{"a check failed: " + shown(check, "check")};
  return Done{};
}

/// All pages: one document for programs, page by page for people.
Status run_connections(Client& client, const Command& command) {
  Json arguments = command.arguments;
  Json all{{"connections", Json::array()}};
  for (bool first = true;; first = false) {
    auto page = client.ask(command.verb, arguments);
    if (!page) return page.error();
    Json& rows = (*page)["connections"];
    if (command.json)
      for (Json& row : rows) all["connections"].push_back(std::move(row));
    else
      std::cout << format_connections(*page, first) << std::flush;
    if (!std::cout) return Error{"cannot write to standard output"};
    if ((*page)["next"].is_null()) break;
    arguments["cursor"] = (*page)["next"];
  }
  if (command.json) print(command, all);
  return Done{};
}

Status run_rate(Client& client, const Command& command) {
  const auto before = client.ask(command.verb, command.arguments);
  if (!before) return before.error();
  const auto start = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(std::chrono::seconds(1));
  const auto after = client.ask(command.verb, command.arguments);
  if (!after) return after.error();
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  print(command, rates(before.value(), after.value(), passed.count()));
  return Done{};
}

/// Connections that the drained servers have left; nullopt where one of them is drained no more.
Result<std::optional<uint64_t>> left_on(Client& client, const Json& servers) {
  uint64_t left = 0;
  for (const Json& wanted : servers) {
    const auto services = client.ask("services", {{"name", wanted["service"]}});
    if (!services) return services.error();
    for (const Json& service : services.value()["services"]) {
      for (const Json& server : service["real_servers"]) {
        if (server["key"] != wanted["server"]) continue;
        const Json& state = server["state"];
        if (state != "drained" && state != "removed" && state != "purging")
          return std::optional<uint64_t>();
        left += server["active_connections"].get<uint64_t>() +
                server["inactive_connections"].get<uint64_t>();
      }
    }
  }
  return std::optional(left);
}

Status run_drain(Client& client, const Command& command) {
  const auto begun = client.ask(command.verb, command.arguments);
  if (!begun) return begun.error();
  const Json& servers = begun.value()["servers"];
  const auto start = std::chrono::steady_clock::now();
  while (command.wait) {
    const auto left = left_on(client, servers);
    if (!left) return left.error();
    if (!left.value()) return Error{"the drain was taken back meanwhile"};
    if (*left.value() == 0) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  if (command.json) {
    print(command, begun.value());
  } else if (command.wait) {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    std::cout << "drained: the last connection is gone after "
              << static_cast<int64_t>(passed.count()) << " s\n";
  }
  return Done{};
}

/// The present state, then a line for each event until lbd or the reader ends. The events are asked
/// for first: none falls between the two.
Status run_follow(const Command& command) {
  Client events(command.socket);
  if (const Status followed = events.follow(command.verb); !followed) return followed;
  Client client(command.socket);
  const auto present = client.ask(command.verb, command.arguments);
  if (!present) return present.error();
  if (command.json)
    std::cout << present.value().dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
  else
    print(command, present.value());
  while (std::cout.flush()) {
    const auto event = events.next_event();
    if (!event) return event.error();
    std::cout << (command.json ? event->dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"
                               : format_event(event.value()));
  }
  return Error{"cannot write to standard output"};
}

Status ask(const Command& command) {
  if (command.verb == "import-ipvs") return run_import(command);
  if (command.follow) return run_follow(command);
  Client client(command.socket);
  if (command.verb == "connections") return run_connections(client, command);
  if (command.verb == "stats" && command.rate) return run_rate(client, command);
  if (command.verb == "drain") return run_drain(client, command);
  if (command.verb == "probe") return run_probe(client, command);
  const auto result = client.ask(command.verb, command.arguments);
  if (!result) return result.error();
  print(command, result.value());
  return Done{};
}

}  // namespace

Status run(const Command& command) {
  const Status asked = ask(command);
  if (asked && !std::cout.flush()) return Error{"cannot write to standard output"};
  return asked;
}

}  // namespace lbd::cli
