// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/config/document.h"

namespace lbd::config {

/// One value of the file, where it stands and what it is called. The readers below return nothing
/// after they have reported what is wrong. It points into a Document and an ErrorLog, which must
/// outlive it.
class Value {
 public:
  Value(const Document& document, const Node& node, std::string path, ErrorLog& errors)
      : document_(&document), node_(&node), path_(std::move(path)), errors_(&errors) {}

  const Node& node() const { return *node_; }
  Place place() const { return document_->place(*node_); }
  const std::string& path() const { return path_; }
  /// The same document and log, another node.
  Value other(const Node& node, std::string path) const {
    return {*document_, node, std::move(path), *errors_};
  }
  void error(std::string message, std::string remedy = {}) const;
  /// The same for a resource of the machine (ConfigError::resource).
  void resource_error(std::string message, std::string remedy) const;

  /// Not empty, no NUL.
  std::optional<std::string> text() const;
  /// Not empty, printable ASCII without blanks, at most `max_length` bytes.
  std::optional<std::string> word(size_t max_length) const;
  /// true or false, nothing else.
  std::optional<bool> boolean() const;
  std::optional<int64_t> number(int64_t min, int64_t max) const;
  std::optional<Milliseconds> duration(Milliseconds min, Milliseconds max) const;
  /// In bytes.
  std::optional<uint64_t> size(uint64_t min, uint64_t max) const;
  /// "50%" as 50.
  std::optional<int64_t> percent(int64_t min, int64_t max) const;
  /// Empty also where it is no list.
  std::vector<Value> list() const;
  /// An unquoted scalar that reads `text`, "[]" for the empty list or "\"\"" for the empty text.
  bool says(std::string_view text) const;
  /// What it is, for "expected X, got Y".
  std::string describe() const;

 private:
  const std::string* scalar(std::string_view expected) const;
  /// As scalar(), but not in quotes.
  const std::string* plain(std::string_view expected) const;

  const Document* document_;
  const Node* node_;
  std::string path_;
  ErrorLog* errors_;
};

template <class T>
struct Choice {
  std::string_view word;
  T value;
};

/// "write a, b or c".
std::string one_of(const std::vector<std::string_view>& words);

/// One of a few words.
template <class T>
std::optional<T> choose(const Value& value, std::initializer_list<Choice<T>> choices) {
  std::vector<std::string_view> words;
  for (const Choice<T>& choice : choices) {
    if (value.node().kind == Node::Kind::kScalar && value.node().text == choice.word)
      return choice.value;
    words.push_back(choice.word);
  }
  value.error(value.describe() + " is unknown", one_of(words));
  return std::nullopt;
}

}  // namespace lbd::config
