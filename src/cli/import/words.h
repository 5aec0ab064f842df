// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lbd::cli {

/// The words of a line, parted by blanks. "..." keeps blanks, as iptables-save writes comments.
inline std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  bool open = false, quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '\\' && quoted && i + 1 < line.size()) {
      words.back() += line[++i];
    } else if (!quoted && (c == ' ' || c == '\t' || c == '\r')) {
      open = false;
    } else {
      if (!open) words.emplace_back();
      open = true;
      if (c == '"')
        quoted = !quoted;
      else
        words.back() += c;
    }
  }
  return words;
}

/// Decimal, or hexadecimal behind 0x, up to `most`.
inline std::optional<uint32_t> number_of(std::string_view text, uint32_t most = UINT32_MAX) {
  int base = 10;
  if (text.starts_with("0x")) {
    base = 16;
    text.remove_prefix(2);
  }
  uint32_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size() ||
      value > most)
    return std::nullopt;
  return value;
}

/// Calls `each(line, number)` for every line, from 1.
template <class Each>
void for_each_line(std::string_view text, Each each) {
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    each(text.substr(0, end), number);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

}  // namespace lbd::cli
