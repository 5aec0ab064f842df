// SPDX-License-Identifier: Apache-2.0
#include "common/log.h"
#include "control/api/arguments.h"
#include "control/api/verbs.h"

namespace lbd::api {

void reload(Controller& controller, const Json& arguments, const Respond& respond) {
  controller.reload(flag(arguments, "dry_run"), [respond](const Result<ReloadReport>& result) {
    if (!result) return respond(result.error());
    const ReloadReport& report = result.value();
    respond(Json{{"generation", report.generation},
                 {"changes", report.changes},
                 {"read_us", report.read.count()},
                 {"publish_us", report.publish.count()}});
  });
}

void log(Controller&, const Json& arguments, const Respond& respond) {
  const std::string level = text(arguments, "level");
  if (!log::set_level(level))
    return respond(Error{"unknown log level; use trace, debug, info, warn or error"});
  spdlog::info("log level is {} now, as asked by lbctl", level);
  respond(Json{{"ok", true}, {"level", level}});
}

}  // namespace lbd::api
