// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/api/protocol.h"
#include "control/controller.h"

// What lbctl can ask for: one function a verb, grouped in files by subject. Arguments of a wrong
// type throw Json::exception, which the session turns into an error reply.
namespace lbd::api {

/// Answers every verb of lbctl.
Handler make_handler(Controller& controller);

using Verb = void (*)(Controller&, const Json& arguments, const Respond&);

void status(Controller&, const Json&, const Respond&);
void services(Controller&, const Json&, const Respond&);
void stats(Controller&, const Json&, const Respond&);
void connections(Controller&, const Json&, const Respond&);
void counters(Controller&, const Json&, const Respond&);
void neighbours(Controller&, const Json&, const Respond&);
void routes(Controller&, const Json&, const Respond&);
void weight(Controller&, const Json&, const Respond&);
void drain(Controller&, const Json&, const Respond&);
void undrain(Controller&, const Json&, const Respond&);
void reload(Controller&, const Json&, const Respond&);
void explain(Controller&, const Json&, const Respond&);
void vrrp_report(Controller&, const Json&, const Respond&);
void maintenance(Controller&, const Json&, const Respond&);
void health(Controller&, const Json&, const Respond&);
void probe(Controller&, const Json&, const Respond&);
void log(Controller&, const Json&, const Respond&);

}  // namespace lbd::api
