// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/result.h"
#include "control/config/document.h"
#include "control/config/value.h"

namespace lbd::config {

/// Of all files together, in bytes.
inline constexpr size_t kMaxText = 64u << 20;
inline constexpr size_t kMaxFiles = 10'000;

/// The files of a configuration: the root and what it includes, and what those include. Patterns
/// are relative to the directory of the file that they stand in; what they match is read in the
/// order of names. A file is read once: a second time, or a circle, is an error.
class Source {
 public:
  explicit Source(ErrorLog& errors) : errors_(errors) {}
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  void read_file(const std::string& path);
  /// A text that is in no file and so includes none.
  void read_text(const std::string& text, const std::string& name);

  /// What could be read, the root first. Their addresses stay.
  const std::deque<Document>& documents() const { return documents_; }
  /// Every file that was tried, in order, the root first.
  const std::vector<std::string>& files() const { return files_; }
  /// FNV-1a of all texts in order, 64 bits in hexadecimal.
  std::string hash() const;

 private:
  struct Waiting {
    std::string path;
    std::optional<Value> included_at;
    size_t parent;  // of files_
  };

  void read_next(const Waiting& next);
  bool seen_before(const Waiting& next);
  void parse(const std::string& text, const std::string& name);
  void follow_includes(const Document& document, size_t file);
  void expand(const Value& pattern, size_t file);
  void refuse(const Waiting& file, std::string cause, std::string remedy);

  ErrorLog& errors_;
  std::deque<Document> documents_;
  std::vector<std::string> files_;
  std::vector<size_t> parents_;                    // of files_; the root is its own
  std::unordered_map<std::string, size_t> known_;  // real path -> index of files_
  std::deque<Waiting> waiting_;
  size_t bytes_ = 0;
  uint64_t hash_ = 0xcbf29ce484222325ull;
};

}  // namespace lbd::config
