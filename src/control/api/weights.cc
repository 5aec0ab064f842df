// SPDX-License-Identifier: Apache-2.0
#include <spdlog/spdlog.h>

#include "control/api/arguments.h"
#include "control/api/names.h"
#include "control/api/verbs.h"

namespace lbd::api {
namespace {

constexpr uint32_t kMaxWeight = 65535;

/// What a verb makes of what an operator said before. nullopt: nothing is left of it.
using Edit = std::function<Result<std::optional<Override>>(const Override& before)>;

std::optional<Override> simplest(const Override& said) {
  if (!said.weight && !said.drained) return std::nullopt;
  return said;
}

/// The servers that service, server and all name; an error says what there is none of.
Result<std::vector<OverrideKey>> chosen(const DesiredState& state, const Json& arguments,
                                        bool forgotten_too) {
  const std::string service = text(arguments, "service");
  const std::string server = text(arguments, "server");
  const bool all = flag(arguments, "all");
  const auto word = ServerWord::parse(server);
  if (!word)
    return Error{"\"" + server +
                 "\" is no address and no address:port; write 192.0.2.31 or 192.0.2.31:80"};
  if (service.empty() && !all)
    return Error{"name a service, or --all for each that has the server"};
  std::vector<OverrideKey> keys;
  for (const Found& found : find_servers(state, service, *word, false))
    keys.emplace_back(found.service->name, found.server->key);
  if (keys.empty() && forgotten_too)
    for (const auto& [key, said] : state.overrides)
      if ((service.empty() || key.first == service) && word->matches(key.second))
        keys.push_back(key);
  if (keys.empty() && !service.empty() && !state.find(service))
    return Error{"no service \"" + service + "\"; lbctl services lists them"};
  if (keys.empty())
    return Error{(service.empty() ? "no service has a real server "
                                  : "service \"" + service + "\" has no real server ") +
                 server + "; lbctl services lists them"};
  if (keys.size() > 1 && !all)
    return Error{"service \"" + service + "\" has " + std::to_string(keys.size()) +
                 " real servers with the address " + server +
                 "; name one as address:port, or --all"};
  return keys;
}

Result<std::optional<DesiredState>> edit_all(const DesiredState& present,
                                             const std::vector<OverrideKey>& keys,
                                             const Edit& edit) {
  DesiredState next = present;
  for (const OverrideKey& key : keys) {
    const auto said = next.overrides.find(key);
    auto edited = edit(said == next.overrides.end() ? Override{} : said->second);
    if (!edited)
      return Error{key.first + " " + key.second.to_string() + ": " + edited.error().message};
    next = set_override(next, key, edited.value());
  }
  return std::optional(std::move(next));
}

void apply(Controller& controller, const Json& arguments, const Respond& respond,
           bool forgotten_too, const std::string& what, Edit edit) {
  auto keys = chosen(controller.state(), arguments, forgotten_too);
  if (!keys) return respond(keys.error());
  const auto names = std::make_shared<Json>(Json::array());
  for (const OverrideKey& key : keys.value())
    names->push_back({{"service", key.first}, {"server", key.second.to_string()}});
  controller.updater().submit(
      [keys = keys.value(), edit = std::move(edit)](const DesiredState& present) {
        return edit_all(present, keys, edit);
      },
      [respond, names, keys = keys.value(), what](const Status& status) {
        if (!status) return respond(status.error());
        for (const OverrideKey& key : keys)
          spdlog::info("lbctl: service {}, server {}: {}", key.first, key.second.to_string(), what);
        respond(Json{{"ok", true}, {"servers", *names}});
      });
}

}  // namespace

void weight(Controller& controller, const Json& arguments, const Respond& respond) {
  if (flag(arguments, "clear"))
    return apply(controller, arguments, respond, true, "override cleared",
                 [](const Override&) -> Result<std::optional<Override>> {
                   return std::optional<Override>();
                 });
  const auto value = argument<int64_t>(arguments, "weight");
  if (!value || *value < 0 || *value > kMaxWeight)
    return respond(Error{"the weight must be 0..65535, or --clear to take an override back"});
  Override said;
  said.weight = static_cast<uint32_t>(*value);
  if (const auto time = argument<int64_t>(arguments, "for_ms")) {
    constexpr int64_t kYear = int64_t{366} * 24 * 3600 * 1000;
    if (*time <= 0 || *time > kYear) return respond(Error{"--for takes 1ms to one year"});
    said.until = Clock::now() + std::chrono::milliseconds(*time);
  }
  apply(controller, arguments, respond, false, "weight " + std::to_string(*value) + " from now on",
        [said](const Override&) -> Result<std::optional<Override>> { return simplest(said); });
}

void drain(Controller& controller, const Json& arguments, const Respond& respond) {
  apply(controller, arguments, respond, false, "drained",
        [](Override before) -> Result<std::optional<Override>> {
          before.drained = true;
          return simplest(before);
        });
}

void undrain(Controller& controller, const Json& arguments, const Respond& respond) {
  apply(controller, arguments, respond, true, "no longer drained",
        [](Override before) -> Result<std::optional<Override>> {
          if (!before.drained) return Error{"is not drained; nothing to take back"};
          before.drained = false;
          return simplest(before);
        });
}

}  // namespace lbd::api
