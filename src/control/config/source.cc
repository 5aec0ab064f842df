// SPDX-License-Identifier: Apache-2.0
#include "control/config/source.h"

#include <cstdio>

#include "control/config/text_file.h"

namespace lbd::config {

void Source::read_file(const std::string& path) {
  waiting_.push_back({path, std::nullopt, 0});
  while (!waiting_.empty()) {
    const Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    read_next(next);
  }
}

void Source::read_text(const std::string& text, const std::string& name) {
  files_.push_back(name);
  parse(text, name);
  if (documents_.empty()) return;
  const Document& document = documents_.back();
  for (const Entry& entry : document.root->entries)
    if (entry.key->text == "include")
      Value(document, *entry.key, "include", errors_)
          .error("this text is in no file, so that nothing can be relative to it");
}

void Source::refuse(const Waiting& file, std::string cause, std::string remedy) {
  if (file.included_at)
    return file.included_at->error(quote(file.path) + " " + cause, std::move(remedy));
  errors_.add({{file.path, 0, 0}, {}, std::move(cause), std::move(remedy)});
}

bool Source::seen_before(const Waiting& next) {
  const auto [known, added] = known_.emplace(real_path(next.path), files_.size());
  if (added) return false;
  for (size_t above = next.parent;; above = parents_[above]) {
    if (above == known->second) {
      refuse(next, "includes the file that it is included by", "break the circle");
      return true;
    }
    if (above == parents_[above]) break;
  }
  refuse(next, "is included twice", "include each file once");
  return true;
}

void Source::read_next(const Waiting& next) {
  if (seen_before(next)) return;
  if (files_.size() == kMaxFiles)
    return refuse(next, "is beyond " + std::to_string(kMaxFiles) + " files", "join some");
  const size_t index = files_.size();
  files_.push_back(next.path);
  parents_.push_back(next.parent);
  const Result<std::string> text = read_text_file(next.path, kMaxText - bytes_);
  if (!text) return refuse(next, text.error().message, "name a file that can be read");
  const size_t before = documents_.size();
  parse(text.value(), next.path);
  if (documents_.size() > before) follow_includes(documents_.back(), index);
}

void Source::parse(const std::string& text, const std::string& name) {
  bytes_ += text.size();
  for (const char c : text) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  auto parsed = parse_document(text, name);
  if (auto* document = std::get_if<Document>(&parsed)) {
    documents_.push_back(std::move(*document));
  } else {
    errors_.add(std::move(std::get<ConfigError>(parsed)));
  }
}

void Source::follow_includes(const Document& document, size_t file) {
  for (const Entry& entry : document.root->entries) {
    if (entry.key->text != "include" || entry.value->kind == Node::Kind::kNull) continue;
    for (const Value& pattern : Value(document, *entry.value, "include", errors_).list())
      expand(pattern, file);
  }
}

void Source::expand(const Value& pattern, size_t file) {
  const auto text = pattern.text();
  if (!text) return;
  for (std::string& path : expand_pattern(directory_of(files_[file]), *text))
    waiting_.push_back({std::move(path), pattern, file});
}

std::string Source::hash() const {
  char text[17];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(hash_));
  return text;
}

}  // namespace lbd::config
