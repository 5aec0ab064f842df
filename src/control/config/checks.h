// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/config/draft.h"

// What is only wrong in sum: names and addresses given twice, references to nothing, servers that
// nobody can reach. Each reports to the log of the values that it looks at.
namespace lbd::config {

void check_one_packet(const Draft& draft);
void check_ports(const Draft& draft);
void check_routes(const Draft& draft);
void check_services(const Draft& draft);
void check_vrrp(const Draft& draft);

/// Words for "the same as this one": "services[0].name at lb.yaml:12:5".
inline std::string reference(const Value& value) {
  return value.path() + " at " + value.place().to_string();
}

}  // namespace lbd::config
