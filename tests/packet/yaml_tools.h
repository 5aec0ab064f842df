// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <yaml-cpp/yaml.h>

#include <initializer_list>
#include <string>

#include "common/address.h"
#include "dataplane/verdict.h"

// Reading of cases: strict, so that a misspelt expectation is an error and not a check less.
// Everything throws BadCase.
namespace lbd::test {

class BadCase : public std::runtime_error {
 public:
  BadCase(const YAML::Node& node, const std::string& what);
};

/// `base` with what `over` says: maps are merged key by key, all else is replaced; null removes.
YAML::Node merged(const YAML::Node& base, const YAML::Node& over);

/// A map that has no other keys than these.
void only(const YAML::Node& map, std::initializer_list<const char*> keys);

IpAddress read_address(const YAML::Node& node);
MacAddress read_mac(const YAML::Node& node);
/// "61s", "500ms", "64ms"; in nanoseconds.
uint64_t read_duration(const YAML::Node& node);
Verdict read_verdict(const std::string& name, const YAML::Node& where);
Event read_event(const std::string& name, const YAML::Node& where);

template <class T>
T read(const YAML::Node& node, const T& fallback) {
  if (!node) return fallback;
  try {
    return node.as<T>();
  } catch (const YAML::Exception&) {
    throw BadCase(node, "wrong kind of value");
  }
}

/// uint8_t would be read as a character.
inline uint8_t read_byte(const YAML::Node& node, uint8_t fallback) {
  const auto value = read<unsigned>(node, fallback);
  if (value > 255) throw BadCase(node, "more than a byte");
  return static_cast<uint8_t>(value);
}

}  // namespace lbd::test
