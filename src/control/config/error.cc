// SPDX-License-Identifier: Apache-2.0
#include "control/config/error.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <tuple>
#include <utility>

namespace lbd::config {
namespace {

constexpr size_t kMaxEcho = 80;

/// The longest start of `text` that has at most `limit` bytes and ends between two characters.
std::string_view cut(std::string_view text, size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80) --limit;
  return text.substr(0, limit);
}

}  // namespace

std::string Place::to_string() const {
  if (line == 0) return file;
  return file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

std::string ConfigError::to_string() const {
  std::string out = place.to_string();
  if (!path.empty()) out += (out.empty() ? "" : ": ") + path;
  out += (out.empty() ? "" : ": ") + message;
  if (!remedy.empty()) out += "; " + remedy;
  return out;
}

std::string describe(const std::vector<ConfigError>& errors) {
  std::string out;
  for (const ConfigError& error : errors) out += error.to_string() + "\n";
  return out;
}

std::string echo(std::string_view text) {
  const std::string_view kept = cut(text, kMaxEcho);
  std::string out;
  for (const char c : kept) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      char escaped[5];
      std::snprintf(escaped, sizeof(escaped), "\\x%02x", byte);
      out += escaped;
    } else {
      out += c;
    }
  }
  return kept.size() < text.size() ? out + "..." : out;
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  out += echo(text);
  return out += '"';
}

void ErrorLog::add(ConfigError error) {
  if (errors_.size() < kMaxErrors) {
    errors_.push_back(std::move(error));
  } else {
    ++not_kept_;
  }
}

std::vector<ConfigError> ErrorLog::take(const std::vector<std::string>& files) {
  std::map<std::string, size_t> rank;
  for (const std::string& file : files) rank.emplace(file, rank.size());
  const auto order = [&rank](const ConfigError& error) {
    const auto found = rank.find(error.place.file);
    return std::tuple(found == rank.end() ? rank.size() : found->second, error.place.line,
                      error.place.column);
  };
  std::stable_sort(errors_.begin(), errors_.end(),
                   [&order](const auto& a, const auto& b) { return order(a) < order(b); });
  if (not_kept_ > 0)
    errors_.emplace_back().message = std::to_string(not_kept_) + " more errors are not shown";
  not_kept_ = 0;
  return std::exchange(errors_, {});
}

}  // namespace lbd::config
