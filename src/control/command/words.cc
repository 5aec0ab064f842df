// SPDX-License-Identifier: Apache-2.0
#include "control/command/words.h"

namespace lbd {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// Reads one word from `at` on, and leaves `at` behind it.
Result<std::string> take_word(std::string_view line, size_t& at) {
  std::string word;
  char quote = 0;
  for (; at < line.size() && (quote != 0 || !is_blank(line[at])); ++at) {
    const char c = line[at];
    const char next = at + 1 < line.size() ? line[at + 1] : '\0';
    if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    } else if (c == '\\' && (quote == 0 || (quote == '"' && (next == '"' || next == '\\')))) {
      if (at + 1 == line.size()) return Error{"ends in a backslash"};
      word += line[++at];
    } else {
      word += c;
    }
  }
  if (quote != 0) return Error{std::string("has a ") + quote + " that is not closed"};
  return word;
}

}  // namespace

Result<std::vector<std::string>> split_words(std::string_view line) {
  std::vector<std::string> words;
  for (size_t at = 0; at < line.size();) {
    if (is_blank(line[at])) {
      ++at;
      continue;
    }
    auto word = take_word(line, at);
    if (!word) return word.error();
    words.push_back(std::move(word).value());
  }
  return words;
}

}  // namespace lbd
