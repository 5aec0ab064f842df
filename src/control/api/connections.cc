// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <vector>

#include "control/api/arguments.h"
#include "control/api/names.h"
#include "control/api/verbs.h"
#include "dataplane/tcp_state.h"

// The connection table, a page at a time. A page is gathered worker by worker, each asked by a
// message for what lies behind a cursor; "worker:id" is the cursor that the client gives back for
// the next page. Nothing is locked: a connection that comes or goes meanwhile may be in or not, any
// other is shown once.
namespace lbd::api {
namespace {

constexpr size_t kPage = 1000;

/// What a page is gathered for, and what there is of it yet.
struct Gathering : std::enable_shared_from_this<Gathering> {
  Gathering(Controller& of, Respond answer) : controller(of), respond(std::move(answer)) {}

  void ask();
  void answered(WorkerRequest& request);
  Json row_json(const ConnectionRow& row) const;
  void finish();

  Controller& controller;
  Respond respond;
  ConnectionFilter filter;
  /// Not empty: only these. One filter of the worker's takes one server only.
  std::vector<ServerId> servers;
  unsigned worker = 0;
  uint32_t cursor = 0;
  Json rows = Json::array();
};

void Gathering::ask() {
  auto request = std::make_unique<WorkerRequest>();
  request->kind = WorkerRequest::Kind::kDumpConnections;
  request->filter = filter;
  request->cursor = cursor;
  request->rows.reserve(kPage - rows.size());
  controller.mailbox().post(
      static_cast<WorkerIndex>(worker), std::move(request),
      [self = shared_from_this()](WorkerRequest& done) { self->answered(done); });
}

void Gathering::answered(WorkerRequest& request) {
  for (const ConnectionRow& row : request.rows) {
    if (!servers.empty() && !std::count(servers.begin(), servers.end(), row.server)) continue;
    rows.push_back(row_json(row));
  }
  cursor = request.cursor;
  if (cursor == kNoId) {
    ++worker;
    cursor = 0;
  }
  if (worker < controller.dataplane().workers() && rows.size() < kPage) return ask();
  finish();
}

Json Gathering::row_json(const ConnectionRow& row) const {
  const DesiredState& state = controller.state();
  const RealServer* server = state.server(row.server);
  const bool known = row.service < state.services.size() && state.services[row.service];
  std::string server_name = "gone";
  if (server)
    server_name =
        Endpoint{server->key.address, server->key.port.value_or(row.virtual_port)}.to_string();
  return {{"protocol", protocol_name(row.protocol)},
          {"client", Endpoint{row.client, row.client_port}.to_string()},
          {"virtual", Endpoint{row.virtual_address, row.virtual_port}.to_string()},
          {"server", server_name},
          {"local", row.local ? Json(row.local->to_string()) : Json(nullptr)},  // fullnat
          {"state", lbd::state_name(row.state)},
          {"expires_s", row.expires_ms / 1000},
          {"worker", row.worker},
          {"service", known ? state.services[row.service]->name : "gone"}};
}

void Gathering::finish() {
  Json next = nullptr;
  if (worker < controller.dataplane().workers())
    next = std::to_string(worker) + ":" + std::to_string(cursor);
  respond(Json{{"connections", std::move(rows)}, {"next", std::move(next)}});
}

bool parse_cursor(const std::string& text, unsigned workers, Gathering& out) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return false;
  const char* const middle = text.data() + colon;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), middle, out.worker);
  const auto second = std::from_chars(middle + 1, end, out.cursor);
  return first.ec == std::errc() && first.ptr == middle && second.ec == std::errc() &&
         second.ptr == end && out.worker < workers;
}

std::optional<uint8_t> parse_state(const std::string& name) {
  for (unsigned state = 0; state < kConnectionStates; ++state) {
    const std::string_view known = lbd::state_name(static_cast<uint8_t>(state));
    if (std::equal(name.begin(), name.end(), known.begin(), known.end(), [](char a, char b) {
          return std::toupper(static_cast<unsigned char>(a)) ==
                 std::toupper(static_cast<unsigned char>(b));
        }))
      return static_cast<uint8_t>(state);
  }
  return std::nullopt;
}

Status filter_service(const std::string& name, Gathering& out) {
  const DesiredState& state = out.controller.state();
  const ServiceId found = state.by_name.find(name);  // a removed one has connections too
  if (found == kNoId) return Error{"no service \"" + name + "\"; lbctl services lists them"};
  out.filter.service = found;
  return Done{};
}

Status filter_server(const std::string& text, const std::string& service, Gathering& out) {
  const auto word = ServerWord::parse(text);
  if (!word) return Error{"--server: \"" + text + "\" is no address and no address:port"};
  for (const Found& found : find_servers(out.controller.state(), service, *word, true))
    out.servers.push_back(found.server->id);
  if (out.servers.empty()) return Error{"no service has a real server " + text};
  if (out.servers.size() == 1) out.filter.server = out.servers.front();
  return Done{};
}

Status filter_client(const std::string& text, Gathering& out) {
  const auto word = ServerWord::parse(text);
  if (!word) return Error{"--client: \"" + text + "\" is no address and no address:port"};
  out.filter.client = word->address;
  out.filter.client_port = word->port;
  return Done{};
}

Status read_arguments(const Json& arguments, Gathering& out) {
  const std::string service = text(arguments, "service");
  const std::string server = text(arguments, "server");
  const std::string client = text(arguments, "client");
  const std::string state = text(arguments, "state");
  const std::string cursor = text(arguments, "cursor");
  Status status = Done{};
  if (!service.empty()) status = filter_service(service, out);
  if (status && !server.empty()) status = filter_server(server, service, out);
  if (status && !client.empty()) status = filter_client(client, out);
  if (status && !state.empty()) {
    out.filter.state = parse_state(state);
    if (!out.filter.state) return Error{"--state: no connection state \"" + state + "\""};
  }
  if (status && !cursor.empty() && !parse_cursor(cursor, out.controller.dataplane().workers(), out))
    return Error{"the cursor is none that lbd gave"};
  return status;
}

}  // namespace

void connections(Controller& controller, const Json& arguments, const Respond& respond) {
  auto gathering = std::make_shared<Gathering>(controller, respond);
  if (const Status read = read_arguments(arguments, *gathering); !read)
    return respond(read.error());
  gathering->ask();
}

}  // namespace lbd::api
