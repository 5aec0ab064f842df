// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "control/api/protocol.h"

// Reading arguments. A missing or null one is none; one of another type throws Json::exception.
namespace lbd::api {

template <class T>
std::optional<T> argument(const Json& arguments, const char* name) {
  const auto found = arguments.find(name);
  if (found == arguments.end() || found->is_null()) return std::nullopt;
  return found->get<T>();
}

inline bool flag(const Json& arguments, const char* name) {
  return argument<bool>(arguments, name).value_or(false);
}

inline std::string text(const Json& arguments, const char* name) {
  return argument<std::string>(arguments, name).value_or("");
}

}  // namespace lbd::api
