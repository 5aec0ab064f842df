// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "control/config/draft.h"
#include "control/config/map_reader.h"

// The parts of services and real servers that are about checks and about a server's life.
namespace lbd::config {

/// All keys of a service that are of ServiceHealth. The protocol must have been read.
void read_service_health(MapReader& map, ServiceDraft& draft);
/// The same for a real server.
ServerHealthOptions read_server_health(MapReader& map);

/// Nothing where it cannot be read, or is `none`.
std::optional<HealthCheck> read_health_check(const Value& item);
/// `tls`: written as https.
HttpCheck read_http(const Value& value, bool tls);

}  // namespace lbd::config
