// SPDX-License-Identifier: Apache-2.0
#include "control/config/map_reader.h"

#include <algorithm>

#include "control/config/suggest.h"

namespace lbd::config {
namespace {

std::string leave_out_or(std::initializer_list<std::string_view> off) {
  std::string remedy = "leave it out";
  for (const std::string_view word : off) remedy += " or write " + std::string(word);
  return remedy;
}

}  // namespace

MapReader::MapReader(const Value& map) : map_(map) {
  if (map.node().kind != Node::Kind::kMap) {
    map.error("expected a map of keys and values", "write \"key: value\" lines or {key: value}");
    return;
  }
  for (const Entry& entry : map.node().entries) {
    const auto [first, added] = entries_.emplace(entry.key->text, &entry);
    if (added) continue;
    map.other(*entry.key, path_of(entry.key->text))
        .error("given twice, first at " + map.other(*first->second->key, {}).place().to_string(),
               "keep one");
  }
}

std::string MapReader::path_of(std::string_view key) const {
  return map_.path().empty() ? echo(key) : map_.path() + "." + echo(key);
}

Value MapReader::key_of(std::string_view key) const {
  return map_.other(*entries_.at(key)->key, path_of(key));
}

std::optional<Value> MapReader::get(std::string_view key) {
  known_.push_back(key);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  const Node& value = *found->second->value;
  // yaml-cpp places an absent value at whatever comes next: its key is the better place.
  if (value.kind != Node::Kind::kNull) return map_.other(value, path_of(key));
  key_of(key).error("has no value", "give it one or leave it out");
  return std::nullopt;
}

std::optional<Value> MapReader::require(std::string_view key, std::string remedy) {
  if (!entries_.contains(key) && map_.node().kind == Node::Kind::kMap)
    map_.other(map_.node(), path_of(key)).error("is missing", std::move(remedy));
  return get(key);
}

std::string MapReader::text(std::string_view key, std::string fallback) {
  const auto value = get(key);
  return value ? value->text().value_or(fallback) : fallback;
}

bool MapReader::boolean(std::string_view key, bool fallback) {
  const auto value = get(key);
  return value ? value->boolean().value_or(fallback) : fallback;
}

int64_t MapReader::number(std::string_view key, int64_t min, int64_t max, int64_t fallback) {
  const auto value = get(key);
  return value ? value->number(min, max).value_or(fallback) : fallback;
}

Milliseconds MapReader::duration(std::string_view key, Milliseconds min, Milliseconds max,
                                 Milliseconds fallback) {
  const auto value = get(key);
  return value ? value->duration(min, max).value_or(fallback) : fallback;
}

std::optional<Value> MapReader::not_yet(std::string_view key,
                                        std::initializer_list<std::string_view> off) {
  const auto value = get(key);
  if (!value) return std::nullopt;
  if (std::any_of(off.begin(), off.end(), [&](auto word) { return value->says(word); }))
    return std::nullopt;
  key_of(key).error("not supported yet", leave_out_or(off));
  return value;
}

void MapReader::not_yet_map(std::string_view key,
                            std::initializer_list<Choice<std::string_view>> off) {
  const auto value = get(key);
  if (!value) return;
  if (value->node().kind != Node::Kind::kMap)
    return key_of(key).error("not supported yet", leave_out_or({}));
  MapReader inner(*value);
  for (const auto& [name, word] : off) inner.not_yet(name, {word});
  inner.finish();
}

void MapReader::finish() const {
  for (const Entry& entry : map_.node().entries) {
    const std::string_view key = entry.key->text;
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    const std::string_view meant = nearest(key, known_);
    std::string remedy;
    if (!meant.empty()) {
      remedy = "did you mean " + std::string(meant) + "?";
    } else {
      for (const std::string_view name : known_)
        remedy += (remedy.empty() ? "known here: " : ", ") + std::string(name);
    }
    map_.other(*entry.key, map_.path()).error("unknown key " + quote(key), remedy);
  }
}

}  // namespace lbd::config
