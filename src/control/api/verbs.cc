// SPDX-License-Identifier: Apache-2.0
#include "control/api/verbs.h"

#include <array>
#include <string_view>
#include <utility>

namespace lbd::api {
namespace {

constexpr std::array<std::pair<std::string_view, Verb>, 17> kVerbs{{
    {"status", status},
    {"services", services},
    {"stats", stats},
    {"connections", connections},
    {"counters", counters},
    {"neighbours", neighbours},
    {"routes", routes},
    {"weight", weight},
    {"drain", drain},
    {"undrain", undrain},
    {"reload", reload},
    {"explain", explain},
    {"vrrp", vrrp_report},
    {"maintenance", maintenance},
    {"health", health},
    {"probe", probe},
    {"log", log},
}};

}  // namespace

Handler make_handler(Controller& controller) {
  return [&controller](const std::string& verb, const Json& arguments, const Respond& respond) {
    for (const auto& [name, answer] : kVerbs)
      if (name == verb) return answer(controller, arguments, respond);
    respond(Error{"no verb of this name; lbctl --help lists them"});
  };
}

}  // namespace lbd::api
