// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/config/model.h"
#include "dataplane/dataplane.h"

namespace lbd {

/// What the data plane needs of lb.yaml. Nothing of it can change while lbd runs.
DataplaneOptions dataplane_options(const config::Config& config);

}  // namespace lbd
