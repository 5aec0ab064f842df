// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>

#include "cli/import/import_ipvs.h"
#include "cli/import/remarks.h"

namespace lbd::cli {

/// The sections ports and, for those of `on_link` that are in no port's network, routes.
std::string import_ports(const ImportOptions& options, const std::set<std::string>& on_link,
                         Remarks& remarks);

}  // namespace lbd::cli
