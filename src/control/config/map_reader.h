// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "control/config/value.h"

namespace lbd::config {

/// Reads one map strictly: the caller asks for every key that it knows, then calls finish(), which
/// reports the rest. A value that is no map and keys given twice are reported at once.
class MapReader {
 public:
  explicit MapReader(const Value& map);

  const Value& at() const { return map_; }
  bool has(std::string_view key) const { return entries_.contains(key); }
  /// Nothing, too, where the key has no value, which is reported.
  std::optional<Value> get(std::string_view key);
  /// Reports a missing key. `remedy`: what to write.
  std::optional<Value> require(std::string_view key, std::string remedy);

  // The value of a key; `fallback` where it is missing or wrong (then it has been reported).
  std::string text(std::string_view key, std::string fallback);
  bool boolean(std::string_view key, bool fallback);
  int64_t number(std::string_view key, int64_t min, int64_t max, int64_t fallback);
  Milliseconds duration(std::string_view key, Milliseconds min, Milliseconds max,
                        Milliseconds fallback);
  template <class T>
  T choice(std::string_view key, std::initializer_list<Choice<T>> choices, T fallback) {
    const auto value = get(key);
    return value ? choose<T>(*value, choices).value_or(fallback) : fallback;
  }

  /// A key whose feature does not exist yet: refused, unless it says one of `off` (as
  /// Value::says), which are the ways to write that the feature is not wanted. Returns what was
  /// refused.
  std::optional<Value> not_yet(std::string_view key,
                               std::initializer_list<std::string_view> off = {});
  /// The same for a map: each of its keys must say its word.
  void not_yet_map(std::string_view key, std::initializer_list<Choice<std::string_view>> off);

  /// Reports keys that nobody asked for. To be called last.
  void finish() const;

 private:
  std::string path_of(std::string_view key) const;
  /// The key itself, which must be there: what is said of it as a whole is said at its place.
  Value key_of(std::string_view key) const;

  Value map_;
  std::unordered_map<std::string_view, const Entry*> entries_;
  std::vector<std::string_view> known_;
};

}  // namespace lbd::config
