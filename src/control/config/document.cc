// SPDX-License-Identifier: Apache-2.0
#include "control/config/document.h"

#include <yaml-cpp/yaml.h>

#include <optional>
#include <sstream>

#include "control/config/tree_builder.h"

namespace lbd::config {
namespace {

/// Bytes of the UTF-8 character that starts at `text[at]`; 0 where there is none (RFC 3629 4).
size_t utf8_length(const std::string& text, size_t at) {
  const auto byte = [&](size_t i) -> unsigned {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0;
  };
  const auto tail = [&](size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
  if ((first & 0xf0) == 0xe0) {
    const bool overlong = first == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = first == 0xed && byte(1) > 0x9f;
    return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool overlong = first == 0xf0 && byte(1) < 0x90;
    const bool beyond = first == 0xf4 && byte(1) > 0x8f;
    return tail(1) && tail(2) && tail(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

/// The parser guesses UTF-16 from NUL bytes, and JSON output needs UTF-8: so both are settled here.
std::optional<ConfigError> check_encoding(const std::string& text, const std::string& file) {
  Place place{file, 1, 1};
  for (size_t at = 0; at < text.size();) {
    const size_t length = utf8_length(text, at);
    if (text[at] == '\0') return ConfigError{place, {}, "a NUL byte", "write the file as text"};
    if (length == 0) return ConfigError{place, {}, "not UTF-8", "save the file as UTF-8"};
    place.column = text[at] == '\n' ? 1 : place.column + static_cast<int>(length);
    place.line += text[at] == '\n';
    at += length;
  }
  return std::nullopt;
}

Place place_of(const YAML::Mark& mark, const std::string& file) {
  return mark.is_null() ? Place{file, 0, 0} : Place{file, mark.line + 1, mark.column + 1};
}

}  // namespace

std::variant<Document, ConfigError> parse_document(const std::string& text, std::string file) {
  if (auto error = check_encoding(text, file)) return *error;
  Document document;
  document.file = std::move(file);
  const auto refuse = [&document](const YAML::Mark& mark, std::string message, std::string remedy) {
    return ConfigError{place_of(mark, document.file), {}, std::move(message), std::move(remedy)};
  };
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    TreeBuilder builder(document);
    if (!parser.HandleNextDocument(builder) || document.root == nullptr ||
        document.root->kind == Node::Kind::kNull)
      return refuse(YAML::Mark::null_mark(), "the file is empty", "write a section, as ports");
    if (parser.HandleNextDocument(builder))
      return refuse(YAML::Mark::null_mark(), "the file holds several YAML documents",
                    "take the line \"---\" out");
  } catch (const TreeBuilder::Refusal& refusal) {
    return refuse(refusal.mark, refusal.message, refusal.remedy);
  } catch (const YAML::Exception& error) {
    return refuse(error.mark, "not YAML: " + echo(error.msg), "");
  } catch (const std::exception& error) {
    return refuse(YAML::Mark::null_mark(), std::string("not YAML: ") + error.what(), "");
  }
  return document;
}

}  // namespace lbd::config
