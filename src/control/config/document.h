// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <string>
#include <variant>
#include <vector>

#include "control/config/error.h"

// One YAML file as a tree in which everything has a place. It is built from yaml-cpp's events and
// not from its nodes, because those keep neither duplicate keys nor a bound on what aliases and
// nesting can cost.
namespace lbd::config {

struct Node;

struct Entry {
  const Node* key;  // a scalar
  const Node* value;
};

struct Node {
  enum class Kind { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  bool quoted = false;  // a scalar in quotes or a block: text, never a number or boolean
  int line = 0;         // from 1
  int column = 0;       // from 1
  std::string text;     // of a scalar
  std::vector<const Node*> items;
  std::vector<Entry> entries;
};

/// Moves, but does not copy: nodes point at each other.
struct Document {
  Document() = default;
  Document(Document&&) = default;
  Document& operator=(Document&&) = default;

  std::string file;  // as messages name it
  std::deque<Node> nodes;
  const Node* root = nullptr;

  Place place(const Node& node) const { return {file, node.line, node.column}; }
};

/// Lists and maps within each other.
inline constexpr size_t kMaxDepth = 32;
/// Of one file, an alias counted as all that it stands for: 100,000 real servers need 500,000.
inline constexpr size_t kMaxNodes = 4'000'000;

/// Parses one file's text. Refused besides bad YAML: no document or several, bytes that are not
/// UTF-8, NUL, tags, keys that are no scalars, more than the bounds above.
std::variant<Document, ConfigError> parse_document(const std::string& text, std::string file);

}  // namespace lbd::config
