// SPDX-License-Identifier: Apache-2.0
#include "control/api/names.h"
#include "control/api/verbs.h"

namespace lbd::api {

void neighbours(Controller& controller, const Json&, const Respond& respond) {
  const PortTable& ports = controller.dataplane().ports();
  Json rows = Json::array();
  for (const NeighbourRow& row : controller.kernel().mirror().neighbours()) {
    const bool known = row.mac != MacAddress{};
    rows.push_back({{"address", row.address.to_string()},
                    {"port", ports[row.port].name},
                    {"mac", known ? Json(row.mac.to_string()) : Json(nullptr)},
                    {"state", state_name(row.state)},
                    {"kernel_state", row.kernel_state},
                    {"managed", row.managed}});
  }
  respond(Json{{"neighbours", std::move(rows)}});
}

void routes(Controller& controller, const Json&, const Respond& respond) {
  const PortTable& ports = controller.dataplane().ports();
  Json rows = Json::array();
  for (const RouteRow& row : controller.kernel().mirror().routes()) {
    Json hops = Json::array();
    for (const RouteRow::Hop& hop : row.hops)
      hops.push_back({{"port", ports[hop.port].name},
                      {"via", hop.gateway ? Json(hop.gateway->to_string()) : Json(nullptr)}});
    rows.push_back({{"to", row.prefix.to_string()},
                    {"next_hops", std::move(hops)},
                    {"metric", row.metric},
                    {"protocol", row.protocol_name}});
  }
  respond(Json{{"routes", std::move(rows)}});
}

}  // namespace lbd::api
