// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>

#include "control/config/read_health.h"
#include "control/config/units.h"
#include "control/health/pattern.h"

namespace lbd::config {
namespace {

constexpr size_t kLongestPath = 4000;
constexpr size_t kLongestHost = 253;
constexpr size_t kMd5Digits = 32;
constexpr size_t kSha256Digits = 64;

std::string read_word(MapReader& map, std::string_view key, size_t longest) {
  const auto value = map.get(key);
  if (!value || value->says("\"\"")) return {};
  return value->word(longest).value_or("");
}

/// "200" or "200-299".
std::optional<HttpPage::Status> read_status(const Value& value) {
  if (value.node().kind != Node::Kind::kScalar) {
    value.error("expected a status or a range", "write 200 or 200-299");
    return std::nullopt;
  }
  const std::string& text = value.node().text;
  const size_t dash = text.find('-');
  const auto first = parse_number(text.substr(0, dash));
  const auto last = dash == std::string::npos ? first : parse_number(text.substr(dash + 1));
  const bool good = first && last && *first >= 100 && *last <= 599 && *first <= *last;
  if (good) return HttpPage::Status{static_cast<uint16_t>(*first), static_cast<uint16_t>(*last)};
  value.error(quote(text) + " is no status and no range", "write 200 or 200-299, of 100..599");
  return std::nullopt;
}

void read_statuses(MapReader& map, HttpPage& page) {
  const auto value = map.get("status");
  if (!value) return;
  page.status.clear();
  const bool is_list = value->node().kind == Node::Kind::kList;
  const std::vector<Value> items = is_list ? value->list() : std::vector<Value>{*value};
  if (items.empty()) value->error("no status", "write at least one, as [200]");
  for (const Value& item : items)
    if (const auto status = read_status(item)) page.status.push_back(*status);
}

void read_digest(MapReader& map, HttpPage& page) {
  const auto value = map.get("digest");
  if (!value || value->says("\"\"")) return;
  std::string text = value->word(kSha256Digits).value_or("");
  if (text.empty()) return;
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool digits = text.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (digits && (text.size() == kMd5Digits || text.size() == kSha256Digits)) {
    page.digest = text;
    return;
  }
  value->error(quote(text) + " is no digest",
               "write 32 (MD5) or 64 (SHA-256) hexadecimal digits; lbctl probe shows them");
}

void read_match(MapReader& map, HttpPage& page) {
  const auto value = map.get("match");
  if (!value || value->says("\"\"")) return;
  page.match = value->text().value_or("");
  if (page.match.empty()) return;
  if (const auto pattern = Pattern::compile(page.match); !pattern)
    value->error(quote(page.match) + ": " + pattern.error().message,
                 "write a Perl-compatible regular expression");
}

void read_page(MapReader& map, HttpPage& page) {
  if (const auto path = map.get("path")) {
    page.path = path->word(kLongestPath).value_or("/");
    if (page.path.front() != '/')
      path->error(quote(page.path) + " does not begin with /", "write it as /index.html");
  }
  read_statuses(map, page);
  read_digest(map, page);
  read_match(map, page);
}

/// The pages of `urls`, each of which begins with what the check itself says.
void read_pages(MapReader& map, HttpCheck& check) {
  HttpPage common;
  read_page(map, common);
  const auto urls = map.get("urls");
  if (!urls) {
    check.pages.push_back(std::move(common));
    return;
  }
  const std::vector<Value> items = urls->list();
  if (urls->node().kind == Node::Kind::kList && items.empty())
    urls->error("no page", "write at least one, as [{path: /}]");
  for (const Value& item : items) {
    MapReader inner(item);
    HttpPage page = common;
    read_page(inner, page);
    inner.finish();
    check.pages.push_back(std::move(page));
  }
  if (check.pages.empty()) check.pages.push_back(std::move(common));
}

void refuse_without_tls(MapReader& map, std::string_view key) {
  if (const auto value = map.get(key); value && !value->says("\"\"") && !value->says("false"))
    value->error("needs tls: true", "write the check as https, or leave it out");
}

}  // namespace

HttpCheck read_http(const Value& value, bool tls) {
  MapReader map(value);
  HttpCheck check;
  check.tls = map.boolean("tls", tls);
  if (tls && !check.tls) map.get("tls")->error("https without TLS", "write the check as http");
  check.host = read_word(map, "host", kLongestHost);
  if (check.tls) {
    check.sni = read_word(map, "sni", kLongestHost);
    check.verify = map.boolean("verify", check.verify);
    check.ca_file = read_word(map, "ca_file", kLongestPath);
    if (!check.ca_file.empty() && !check.verify)
      map.get("ca_file")->error("does nothing without verify: true", "write verify: true");
    else if (!check.ca_file.empty() && ::access(check.ca_file.c_str(), R_OK) != 0)
      map.get("ca_file")->error(quote(check.ca_file) + " cannot be read: " + std::strerror(errno),
                                "name a file of certificates (PEM) that lbd may read");
  } else {
    for (const char* key : {"sni", "verify", "ca_file"}) refuse_without_tls(map, key);
  }
  read_pages(map, check);
  map.finish();
  return check;
}

}  // namespace lbd::config
