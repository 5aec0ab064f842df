// SPDX-License-Identifier: Apache-2.0
#include "control/config/value.h"

#include <algorithm>

#include "control/config/units.h"

namespace lbd::config {
namespace {

constexpr std::string_view kDurationRemedy = "write it with a unit, as 10ms, 3s, 2m or 1h";
constexpr std::string_view kSizeRemedy = "write it with a unit, as 64KiB, 512MiB or 2GiB";

/// `name` writes a bound as the file would.
template <class T, class Name>
std::optional<T> in_range(const Value& value, T number, T min, T max, Name name) {
  if (number >= min && number <= max) return number;
  const bool below = number < min;
  value.error(
      echo(value.node().text) + (below ? " is below " : " is above ") + name(below ? min : max),
      "use " + name(min) + ".." + name(max));
  return std::nullopt;
}

}  // namespace

void Value::error(std::string message, std::string remedy) const {
  errors_->add({place(), path_, std::move(message), std::move(remedy)});
}

void Value::resource_error(std::string message, std::string remedy) const {
  errors_->add({place(), path_, std::move(message), std::move(remedy), true});
}

std::string Value::describe() const {
  switch (node_->kind) {
    case Node::Kind::kNull:
      return "nothing";
    case Node::Kind::kList:
      return "a list";
    case Node::Kind::kMap:
      return "a map";
    case Node::Kind::kScalar:
      break;
  }
  return quote(node_->text);
}

const std::string* Value::scalar(std::string_view expected) const {
  if (node_->kind == Node::Kind::kScalar) return &node_->text;
  error("expected " + std::string(expected) + ", got " + describe());
  return nullptr;
}

const std::string* Value::plain(std::string_view expected) const {
  const std::string* text = scalar(expected);
  if (text == nullptr || !node_->quoted) return text;
  error("expected " + std::string(expected) + ", got the text " + quote(*text),
        "write it without quotes");
  return nullptr;
}

std::optional<std::string> Value::text() const {
  const std::string* text = scalar("text");
  if (text == nullptr) return std::nullopt;
  if (text->empty()) {
    error("is empty", "give it a value or leave the key out");
    return std::nullopt;
  }
  if (text->find('\0') != std::string::npos) {
    error(quote(*text) + " holds a NUL character", "take it out");
    return std::nullopt;
  }
  return *text;
}

std::optional<std::string> Value::word(size_t max_length) const {
  const auto found = text();
  if (!found) return std::nullopt;
  if (found->size() > max_length) {
    error(quote(*found) + " is longer than " + std::to_string(max_length) + " characters",
          "shorten it");
    return std::nullopt;
  }
  if (!std::all_of(found->begin(), found->end(), [](char c) { return c > 0x20 && c < 0x7f; })) {
    error(quote(*found) + " holds blanks or unusual characters",
          "use letters, digits and punctuation");
    return std::nullopt;
  }
  return found;
}

std::optional<bool> Value::boolean() const {
  const std::string* text = plain("true or false");
  if (text == nullptr) return std::nullopt;
  if (*text == "true") return true;
  if (*text == "false") return false;
  error("expected true or false, got " + describe());
  return std::nullopt;
}

std::optional<int64_t> Value::number(int64_t min, int64_t max) const {
  const std::string* text = plain("a number");
  if (text == nullptr) return std::nullopt;
  const auto name = [](int64_t bound) { return std::to_string(bound); };
  const Result<int64_t> parsed = parse_number(*text);
  if (parsed) return in_range(*this, parsed.value(), min, max, name);
  error(parsed.error().message, "use " + name(min) + ".." + name(max));
  return std::nullopt;
}

std::optional<Milliseconds> Value::duration(Milliseconds min, Milliseconds max) const {
  const std::string* text = scalar("a duration");
  if (text == nullptr) return std::nullopt;
  const Result<Milliseconds> parsed = parse_duration(*text);
  if (parsed) return in_range(*this, parsed.value(), min, max, format_duration);
  error(parsed.error().message, std::string(kDurationRemedy));
  return std::nullopt;
}

std::optional<uint64_t> Value::size(uint64_t min, uint64_t max) const {
  const std::string* text = scalar("a size");
  if (text == nullptr) return std::nullopt;
  const Result<uint64_t> parsed = parse_size(*text);
  if (parsed) return in_range(*this, parsed.value(), min, max, format_size);
  error(parsed.error().message, std::string(kSizeRemedy));
  return std::nullopt;
}

std::optional<int64_t> Value::percent(int64_t min, int64_t max) const {
  const std::string* text = scalar("a percentage");
  if (text == nullptr) return std::nullopt;
  const auto name = [](int64_t bound) { return std::to_string(bound) + "%"; };
  const Result<int64_t> parsed = parse_percent(*text);
  if (parsed) return in_range(*this, parsed.value(), min, max, name);
  error(parsed.error().message, "use " + name(min) + ".." + name(max));
  return std::nullopt;
}

std::vector<Value> Value::list() const {
  std::vector<Value> values;
  if (node_->kind != Node::Kind::kList) {
    error("expected a list, got " + describe(), "write it as [a, b] or one \"- a\" a line");
    return values;
  }
  values.reserve(node_->items.size());
  for (const Node* item : node_->items)
    values.push_back(other(*item, path_ + "[" + std::to_string(values.size()) + "]"));
  return values;
}

bool Value::says(std::string_view text) const {
  if (node_->kind == Node::Kind::kList) return text == "[]" && node_->items.empty();
  if (node_->kind != Node::Kind::kScalar) return false;
  return node_->quoted ? text == "\"\"" && node_->text.empty() : node_->text == text;
}

std::string one_of(const std::vector<std::string_view>& words) {
  std::string out = "write ";
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += words[i];
  }
  return out;
}

}  // namespace lbd::config
