// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "common/result.h"

// The protocol between lbctl and lbd: a Unix stream socket; one JSON object a line in both
// directions, answers in the order of the requests.
//   -> {"verb":"services","arguments":{"name":"web"}}
//   <- {"ok":true,"result":{...}}     or     {"ok":false,"error":"no service \"web\""}
namespace lbd::api {

/// Keeps the order in which fields were written: it is what people read.
using Json = nlohmann::ordered_json;

/// To be called exactly once, from the control thread, at once or later.
using Respond = std::function<void(Result<Json>)>;
/// Answers one request. `arguments` is an object.
using Handler =
    std::function<void(const std::string& verb, const Json& arguments, const Respond& respond)>;

/// A request's longest line, in bytes.
inline constexpr size_t kMaxRequest = 64 * 1024;
/// Sessions at the same time; the next one is told so and closed.
inline constexpr size_t kMaxSessions = 128;

/// Never throws: text that is not UTF-8 is mended.
inline std::string to_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}
inline Json error_json(const std::string& message) {
  return {{"ok", false}, {"error", message}};
}
/// Beside "error": nothing is wrong with the request, it may be sent again a little later.
inline constexpr const char* kBusy = "busy";
/// Takes the result over: a list of 100,000 real servers is not copied.
inline Json reply_json(Result<Json> result) {
  if (!result) return error_json(result.error().message);
  Json reply{{"ok", true}};
  reply["result"] = std::move(result).value();
  return reply;
}

}  // namespace lbd::api
